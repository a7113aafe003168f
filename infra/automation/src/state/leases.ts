import { randomBytes } from 'node:crypto';
import { Redacted, waitFor } from '@bulkhead/kernel';
import { scramVerifier } from '@bulkhead/kernel/scram-verifier';
import pg from 'pg';
import { leaseLost, stackBusy, stackDiscarded } from '../errors.js';
import { STATE_TABLE, stateOwner } from './state-schema.js';

/** How long the sessions of a fenced run may take to end before the takeover gives up, milliseconds. */
const SESSION_END_MS = 10_000;

/** The right to run Pulumi on one stack, with the throwaway login through which alone the run reaches the state. */
export interface Lease {
  readonly stack: string;
  /** Grows with every acquisition of any stack. */
  readonly token: string;
  readonly login: string;
  readonly password: Redacted;
}

export interface LeaseWish {
  readonly stack: string;
  readonly holder: string;
  readonly operation: string;
  /** Whether the run makes things: refused on a stack that was discarded. */
  readonly builds: boolean;
  /**
   * Operation that takes the stack down for good. Noted with the lease, and kept: a run that was asked for before and
   * comes late must not make again what nobody would be left to take down.
   */
  readonly discardedBy?: string | undefined;
  /** Age at which a heartbeat counts as missed, milliseconds. */
  readonly ttlMs: number;
  /** How long the login may be used to connect, milliseconds. */
  readonly loginMs: number;
}

/**
 * Takes the lease of a stack. If the last holder went silent, takes it over: from the commit on row security shows
 * that run nothing, then its login is revoked, its sessions are ended and proven gone, and only then are the locks
 * that it left in Pulumi's state removed.
 * @throws BulkheadError `stack_busy` (409, retryable) while another run holds the stack or cannot be proven dead,
 *   `stack_discarded` (409) for a run that would make again what was taken down for good.
 */
export async function acquireLease(pool: pg.Pool, wish: LeaseWish): Promise<Lease> {
  const lease = await inTransaction(pool, (client) => claim(client, wish));
  try {
    await endOtherLogins(pool, lease);
    await removeLocksOf(pool, lease);
    return lease;
  } catch (error) {
    await releaseLease(pool, lease);
    throw error;
  }
}

async function claim(client: pg.PoolClient, wish: LeaseWish): Promise<Lease> {
  await client.query(
    `INSERT INTO bulkhead_lease.pulumi_leases (stack, token, holder, operation)
     VALUES ($1, nextval('bulkhead_lease.tokens'), $2, $3) ON CONFLICT (stack) DO NOTHING`,
    [wish.stack, wish.holder, wish.operation],
  );
  const { rows: held } = await client.query<{ operation: string; busy: boolean; discarded: string | null }>(
    `SELECT operation, discarded_by AS discarded, state_login IS NOT NULL
              AND heartbeat_at > clock_timestamp() - $2 * interval '1 millisecond' AS busy
       FROM bulkhead_lease.pulumi_leases WHERE stack = $1 FOR UPDATE`,
    [wish.stack, wish.ttlMs],
  );
  if (held[0]?.busy) throw stackBusy(wish.stack, held[0].operation);
  if (wish.builds && held[0]?.discarded) throw stackDiscarded(wish.stack, held[0].discarded);
  const { login, password } = await createLogin(client, wish);
  const { rows } = await client.query<{ token: string }>(
    `UPDATE bulkhead_lease.pulumi_leases
        SET token = nextval('bulkhead_lease.tokens'), holder = $2, operation = $3, state_login = $4,
            discarded_by = coalesce($5, discarded_by),
            acquired_at = clock_timestamp(), heartbeat_at = clock_timestamp()
      WHERE stack = $1 RETURNING token`,
    [wish.stack, wish.holder, wish.operation, login, wish.discardedBy],
  );
  return { stack: wish.stack, token: rows[0]!.token, login, password: new Redacted(password) };
}

async function createLogin(client: pg.PoolClient, wish: LeaseWish): Promise<{ login: string; password: string }> {
  const login = `bulkhead_run_${randomBytes(8).toString('hex')}`;
  const password = randomBytes(24).toString('base64url');
  const { rows } = await client.query<{ until: Date; database: string }>(
    `INSERT INTO bulkhead_lease.state_logins (login, stack, valid_until)
     VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
     RETURNING valid_until AS until, current_database() AS database`,
    [login, wish.stack, wish.loginMs],
  );
  const { until, database } = rows[0]!;
  const owner = client.escapeIdentifier(stateOwner(database));
  await client.query(
    `CREATE ROLE ${login} LOGIN PASSWORD ${client.escapeLiteral(scramVerifier(password))} VALID UNTIL '${until.toISOString()}' CONNECTION LIMIT 32`,
  );
  // SET FALSE: the run uses the owner's rights but cannot become the owner.
  await client.query(`GRANT ${owner} TO ${login} WITH INHERIT TRUE, SET FALSE`);
  await client.query(`ALTER ROLE ${login} SET search_path = bulkhead_state`);
  // Only a member of a role may end its sessions.
  await client.query(`GRANT ${login} TO CURRENT_USER WITH INHERIT TRUE`);
  return { login, password };
}

/** Tells the others that the holder lives. False: the lease is lost and the run must end at once. */
export async function beat(pool: pg.Pool, lease: Lease): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE bulkhead_lease.pulumi_leases SET heartbeat_at = clock_timestamp()
      WHERE stack = $1 AND token = $2 AND state_login = $3`,
    [lease.stack, lease.token, lease.login],
  );
  return rowCount === 1;
}

/** Who has, or had, a stack. */
export interface Holding {
  /** Grows with every acquisition; `0` when there was none. */
  readonly token: string;
  /** Operation that works on the stack now. */
  readonly heldBy: string | undefined;
}

/** Looks without taking anything. */
export async function holdingOf(pool: pg.Pool, stack: string, ttlMs: number): Promise<Holding> {
  const { rows } = await pool.query<{ token: string; operation: string; busy: boolean }>(
    `SELECT token, operation, state_login IS NOT NULL
              AND heartbeat_at > clock_timestamp() - $2 * interval '1 millisecond' AS busy
       FROM bulkhead_lease.pulumi_leases WHERE stack = $1`,
    [stack, ttlMs],
  );
  const [row] = rows;
  return { token: row?.token ?? '0', heldBy: row?.busy ? row.operation : undefined };
}

/** What the sessions of a stack's runs do or wait for, one line each; never a statement's text. */
export async function stateWaits(pool: pg.Pool, stack: string): Promise<readonly string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `SELECT format('its state session is %s, waits for %s, behind %s sessions', a.state,
                   coalesce(a.wait_event_type || ' ' || a.wait_event, 'nothing'),
                   cardinality(pg_blocking_pids(a.pid))) AS line
       FROM pg_stat_activity a JOIN bulkhead_lease.state_logins l ON l.login = a.usename
      WHERE l.stack = $1 ORDER BY a.backend_start`,
    [stack],
  );
  return rows.map(({ line }) => line);
}

/** Gives the lease back. The caller has ended the run's processes; whatever is left of its login ends here. */
export async function releaseLease(pool: pg.Pool, lease: Lease): Promise<void> {
  await endLogin(pool, lease.login);
  await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE bulkhead_lease.pulumi_leases SET state_login = NULL WHERE stack = $1 AND token = $2 AND state_login = $3`,
      [lease.stack, lease.token, lease.login],
    );
    // Somebody else's lock must not go with ours.
    if (rowCount === 1) await removeLocks(client, lease.stack);
  });
}

/** Drops logins whose validity is over and that no lease names: what a worker that died between two steps left. */
export async function sweepExpiredLogins(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ login: string }>(
    `SELECT login FROM bulkhead_lease.state_logins
      WHERE valid_until < clock_timestamp()
        AND login NOT IN (SELECT state_login FROM bulkhead_lease.pulumi_leases WHERE state_login IS NOT NULL)`,
  );
  for (const { login } of rows) await endLogin(pool, login);
  return rows.length;
}

async function endOtherLogins(pool: pg.Pool, lease: Lease): Promise<void> {
  const { rows } = await pool.query<{ login: string }>(
    'SELECT login FROM bulkhead_lease.state_logins WHERE stack = $1 AND login <> $2',
    [lease.stack, lease.login],
  );
  for (const { login } of rows) {
    await endLogin(pool, login).catch((error: unknown) => {
      throw stackBusy(lease.stack, 'a run that does not end', error);
    });
  }
}

/** Revokes a login, ends its sessions, proves that none is left, and drops it. Safe to repeat. */
async function endLogin(pool: pg.Pool, login: string): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [login]);
    if (rowCount !== 0) await client.query(`ALTER ROLE ${client.escapeIdentifier(login)} NOLOGIN PASSWORD NULL`);
  });
  await waitFor(
    'the sessions of a fenced run to end',
    async () => {
      const { rowCount } = await pool.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1',
        [login],
      );
      return rowCount === 0;
    },
    { timeoutMs: SESSION_END_MS },
  );
  await inTransaction(pool, async (client) => {
    await client.query(`DROP ROLE IF EXISTS ${client.escapeIdentifier(login)}`);
    await client.query('DELETE FROM bulkhead_lease.state_logins WHERE login = $1', [login]);
  });
}

/** Removes what earlier runs left. Somebody may have taken the stack over since, whose locks must stay. */
async function removeLocksOf(pool: pg.Pool, lease: Lease): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      'SELECT 1 FROM bulkhead_lease.pulumi_leases WHERE stack = $1 AND token = $2 FOR SHARE',
      [lease.stack, lease.token],
    );
    if (rowCount === 0) throw leaseLost(lease.stack);
    await removeLocks(client, lease.stack);
  });
}

async function removeLocks(client: pg.Pool | pg.PoolClient, stack: string): Promise<void> {
  await client.query(`DELETE FROM ${STATE_TABLE} WHERE stack = $1 AND key LIKE '%/.pulumi/locks/%'`, [stack]);
}

async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    // A connection whose rollback fails is broken and must not go back to the pool.
    await client.query('ROLLBACK').then(
      () => client.release(),
      (broken: Error) => client.release(broken),
    );
    throw error;
  }
}
