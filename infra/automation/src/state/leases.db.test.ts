import { waitFor } from '@bulkhead/kernel';
import pg from 'pg';
import { startStateDatabase, type StateDatabase } from '../testing/state-database.js';
import { acquireLease, beat, releaseLease, sweepExpiredLogins, type Lease } from './leases.js';
import { ensureStateSchema, STATE_TABLE } from './state-schema.js';

let database: StateDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await startStateDatabase();
  pool = new pg.Pool({ connectionString: database.adminUrl, max: 20 });
  pool.on('error', () => undefined);
});

afterAll(async () => {
  await pool.end();
  await database.stop();
});

async function ensureSchema(): Promise<void> {
  const client = await pool.connect();
  await ensureStateSchema(client).finally(() => client.release());
}

const wish = (stack: string, holder = 'a') => ({
  stack,
  holder,
  operation: `op of ${holder}`,
  ttlMs: 20_000,
  loginMs: 60_000,
  builds: true,
});

/** Makes the holder look silent for longer than the lease lasts. */
async function silence(stack: string): Promise<void> {
  await pool.query(
    `UPDATE bulkhead_lease.pulumi_leases SET heartbeat_at = heartbeat_at - interval '1 hour' WHERE stack = $1`,
    [stack],
  );
}

async function connect(lease: Lease): Promise<pg.Client> {
  const url = new URL(database.adminUrl);
  [url.username, url.password] = [lease.login, lease.password.reveal()];
  const client = new pg.Client(url.toString());
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** A key of Pulumi's backend in this database. */
const key = (path: string): string => `${new URL(database.adminUrl).pathname.slice(1)}/.pulumi/${path}`;
const stateKey = (stack: string): string => key(`stacks/bulkhead/${stack}.json`);
const lockKey = (stack: string): string => key(`locks/organization/bulkhead/${stack}/1.json`);
const write = (client: pg.Client, name: string) =>
  client.query(
    `INSERT INTO pulumi_state (key, data) VALUES ($1, '{"data":""}')
     ON CONFLICT (key) DO UPDATE SET data = '{"data":""}', updated_at = now()`,
    [name],
  );

test('the set-up can be repeated and run by many workers at once', async () => {
  await Promise.all(Array.from({ length: 5 }, ensureSchema));
  await ensureSchema();
  const { rows } = await pool.query(`SELECT key FROM ${STATE_TABLE}`);
  expect(rows).toEqual([{ key: key('meta.yaml') }]);
});

test('of many that ask at once exactly one gets the stack, the others hear that it is busy', async () => {
  const asked = await Promise.allSettled(
    Array.from({ length: 8 }, (_, n) => acquireLease(pool, wish('s-race', `h${n}`))),
  );
  const won = asked.filter((outcome) => outcome.status === 'fulfilled');
  expect(won).toHaveLength(1);
  const lost = asked.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as object);
  expect(lost).toEqual(Array(7).fill(expect.objectContaining({ code: 'stack_busy', retryable: true })));
  await releaseLease(pool, won[0]!.value);
});

test('tokens grow from holder to holder', async () => {
  const first = await acquireLease(pool, wish('s-token'));
  await releaseLease(pool, first);
  const second = await acquireLease(pool, wish('s-token'));
  expect(BigInt(second.token)).toBeGreaterThan(BigInt(first.token));
  await releaseLease(pool, second);
});

test("a run's login does what Pulumi's backend does at its start, and sees its own stack and the layout only", async () => {
  const [mine, other] = await Promise.all([acquireLease(pool, wish('s-mine')), acquireLease(pool, wish('s-other'))]);
  const [client, neighbour] = await Promise.all([connect(mine), connect(other)]);
  // pkg/backend/diy/postgres/schema.sql
  await client.query(`CREATE TABLE IF NOT EXISTS pulumi_state (key TEXT PRIMARY KEY, data JSON NOT NULL,
      updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now());
    CREATE INDEX IF NOT EXISTS pulumi_state_key_prefix_idx ON pulumi_state (key text_pattern_ops);`);
  const own = [
    stateKey('s-mine'),
    `${stateKey('s-mine')}.bak`,
    key('stacks/bulkhead/s-mine.pulumi-tags'),
    lockKey('s-mine'),
    key('history/bulkhead/s-mine/s-mine-1.history.json'),
    key('backups/bulkhead/s-mine/s-mine.1.json'),
  ];
  for (const name of own) await write(client, name);
  await write(neighbour, stateKey('s-other'));
  const { rows } = await client.query<{ key: string }>('SELECT key FROM pulumi_state');
  expect(new Set(rows.map((row) => row.key))).toEqual(new Set([key('meta.yaml'), ...own]));
  for (const name of [stateKey('s-other'), stateKey('s-new'), key('meta.yaml'), 'elsewhere']) {
    await expect(write(client, name)).rejects.toThrow(/row-level security/);
  }
  expect((await client.query('DELETE FROM pulumi_state WHERE key = $1', [stateKey('s-other')])).rowCount).toBe(0);
  await expect(client.query('SELECT * FROM bulkhead_lease.pulumi_leases')).rejects.toThrow(/permission denied/);
  await expect(client.query(`SET ROLE ${new URL(database.adminUrl).pathname.slice(1)}_owner`)).rejects.toThrow(
    /permission denied/,
  );
  await Promise.all([client.end(), neighbour.end()]);
  await Promise.all([releaseLease(pool, mine), releaseLease(pool, other)]);
});

test('the login ends with the lease: open sessions die, new ones are refused, the role is gone', async () => {
  const lease = await acquireLease(pool, wish('s-end'));
  const client = await connect(lease);
  await releaseLease(pool, lease);
  await expect(client.query('SELECT 1')).rejects.toThrow(/terminat|not queryable/);
  await expect(connect(lease)).rejects.toThrow(/authentication failed|does not exist/);
  const { rowCount } = await pool.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [lease.login]);
  expect(rowCount).toBe(0);
});

test('a silent holder is taken over: its sessions are dead and its locks gone before the new holder begins', async () => {
  const silent = await acquireLease(pool, wish('s-takeover', 'silent'));
  const zombie = await connect(silent);
  await write(zombie, lockKey('s-takeover'));
  await silence('s-takeover');
  const next = await acquireLease(pool, wish('s-takeover', 'next'));
  await expect(write(zombie, stateKey('s-takeover'))).rejects.toThrow(/terminat|not queryable/);
  const { rows } = await pool.query(`SELECT key FROM ${STATE_TABLE} WHERE stack = 's-takeover'`);
  expect(rows).toEqual([]);
  expect(await beat(pool, silent)).toBe(false);
  // The late release of the fenced holder must not end the new one.
  const client = await connect(next);
  await write(client, lockKey('s-takeover'));
  await releaseLease(pool, silent);
  expect(await beat(pool, next)).toBe(true);
  expect((await client.query('SELECT 1 FROM pulumi_state WHERE key = $1', [lockKey('s-takeover')])).rowCount).toBe(1);
  await client.end();
  await releaseLease(pool, next);
});

test('from the moment the lease moves on, a session that still lives sees and writes nothing', async () => {
  const silent = await acquireLease(pool, wish('s-fence', 'silent'));
  const zombie = await connect(silent);
  await write(zombie, stateKey('s-fence'));
  // What a takeover commits before it ends the sessions.
  await pool.query(`UPDATE bulkhead_lease.pulumi_leases SET state_login = 'somebody' WHERE stack = 's-fence'`);
  expect((await zombie.query('SELECT 1 FROM pulumi_state WHERE key = $1', [stateKey('s-fence')])).rowCount).toBe(0);
  await expect(write(zombie, stateKey('s-fence'))).rejects.toThrow(/row-level security/);
  await zombie.end();
  await releaseLease(pool, silent);
});

test('a heartbeat keeps the others out for longer than the lease lasts', async () => {
  const lease = await acquireLease(pool, wish('s-beat'));
  await silence('s-beat');
  expect(await beat(pool, lease)).toBe(true);
  await expect(acquireLease(pool, wish('s-beat', 'b'))).rejects.toMatchObject({ code: 'stack_busy' });
  await releaseLease(pool, lease);
});

test('the sweep drops expired logins that no lease names, and no other', async () => {
  const held = await acquireLease(pool, { ...wish('s-held'), loginMs: 1 });
  const lost = await acquireLease(pool, { ...wish('s-lost'), loginMs: 1 });
  await pool.query(`UPDATE bulkhead_lease.pulumi_leases SET state_login = NULL WHERE stack = 's-lost'`);
  await waitFor('the logins to expire', async () => {
    const { rows } = await pool.query(
      `SELECT bool_and(valid_until < clock_timestamp()) AS over FROM bulkhead_lease.state_logins`,
    );
    return rows[0].over as boolean;
  });
  expect(await sweepExpiredLogins(pool)).toBe(1);
  const { rows } = await pool.query('SELECT login FROM bulkhead_lease.state_logins');
  expect(rows).toEqual([{ login: held.login }]);
  const roles = await pool.query('SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)', [[held.login, lost.login]]);
  expect(roles.rows).toEqual([{ rolname: held.login }]);
  await releaseLease(pool, held);
});

test('a stack that was taken down for good is not made again by a run that comes late', async () => {
  const gone = await acquireLease(pool, { ...wish('s-gone'), builds: false, discardedBy: 'op_1' });
  await releaseLease(pool, gone);
  await expect(acquireLease(pool, wish('s-gone'))).rejects.toMatchObject({ code: 'stack_discarded', retryable: false });
  const again = await acquireLease(pool, { ...wish('s-gone'), builds: false, discardedBy: 'op_1' });
  await releaseLease(pool, again);
});
