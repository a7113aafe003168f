import { jest } from '@jest/globals';
import { waitFor } from '@bulkhead/kernel';
import pg from 'pg';
import { HandRoutes, contextFor, startTenantPlane, startTenantService, type TenantPlane } from '../testing/index.js';
import type { TenantDatabases } from './tenant-databases.js';
import type { TenantTransaction } from './tenant-transaction.js';

// One connection for all: what SQL that was injected into a request of A leaves in the session, B must not find there.

const a = contextFor('ten_a');
const b = contextFor('ten_b');
let plane: TenantPlane;
let service: Awaited<ReturnType<typeof startTenantService>>;
let databases: TenantDatabases;

beforeAll(async () => {
  plane = await startTenantPlane('cel_1');
  await plane.settle('ten_a', 'ten_b');
  await plane.asOwner(`CREATE TABLE app.note (tenant_id text COLLATE "C", id int, PRIMARY KEY (tenant_id, id));
    SELECT bulkhead.protect('app.note'); CREATE SEQUENCE app.number`);
  // More than any service has, so that there is more to leave behind.
  const database = new URL(plane.superuserUrl).pathname.slice(1);
  await plane.asSuperuser(
    `CREATE ROLE ${plane.servingRole}_other; GRANT ${plane.servingRole}_other TO ${plane.servingRole}`,
  );
  await plane.asSuperuser(`GRANT TEMP ON DATABASE ${database} TO ${plane.servingRole}`);
});
beforeEach(async () => {
  const routes = new HandRoutes();
  for (const tenant of ['ten_a', 'ten_b']) routes.set(tenant, 'cel_1');
  service = await startTenantService([plane], routes, { connectionsPerHome: 1 });
  databases = service.databases;
});
afterEach(() => service.stop());
afterAll(async () => {
  await plane?.asSuperuser(`DROP ROLE ${plane.servingRole}_other`);
  await plane?.stop();
});

/** What a session can keep. */
const SESSION = `SELECT current_setting('search_path') AS path, current_setting('role') AS role, current_user::text AS me,
  current_setting('statement_timeout') AS timeout, current_setting('default_transaction_read_only') AS "readOnly",
  current_setting('session_replication_role') AS replication, nullif(current_setting('app.stolen', true), '') AS stolen,
  (SELECT count(*)::int FROM pg_prepared_statements WHERE from_sql) AS prepared, (SELECT count(*)::int FROM pg_cursors WHERE is_holdable) AS cursors,
  (SELECT count(*)::int FROM pg_listening_channels()) AS channels, to_regclass('pg_temp.note')::text AS temporary,
  (SELECT count(*)::int FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS locks`;

interface Session {
  readonly me: string;
}
const CLEAN = {
  path: '"$user", public',
  role: 'none',
  timeout: '30s',
  readOnly: 'off',
  replication: 'origin',
  stolen: null,
  prepared: 0,
  cursors: 0,
  channels: 0,
  temporary: null,
  locks: 0,
};
const backend = async (who: typeof a): Promise<unknown> =>
  (await databases.query(who, 'SELECT pg_backend_pid() AS pid')).rows[0]?.['pid'];

/** Whether the reset was the last that the session did. */
async function isReset(): Promise<boolean> {
  const last = 'SELECT query, state FROM pg_stat_activity WHERE usename = $1';
  const [session] = await plane.asSuperuser<{ query: string; state: string }>(last, [plane.servingRole]);
  return session?.state === 'idle' && session.query.includes('reset_session');
}

/** What B finds in its session, and what is stored when it writes. */
async function asNext(): Promise<{ sessions: Session[]; stored: object[] }> {
  const alone = await databases.query<Session>(b, SESSION);
  const within = await databases.withTenant(b, (tx) => tx.query<Session>(SESSION));
  await databases.query(b, { name: 'add', text: 'INSERT INTO app.note VALUES ($1, $2)', values: ['ten_b', 1] });
  const stored = await plane.asOwner('SELECT * FROM app.note');
  await databases.query(b, 'DELETE FROM app.note');
  return { sessions: [...alone.rows, ...within.rows], stored };
}

/** B reads and writes as ever, in a session that is as new. */
const asIfFirst = () => {
  const session = { ...CLEAN, me: plane.servingRole };
  return { sessions: [session, session], stored: [{ tenant_id: 'ten_b', id: 1 }] };
};

const LEFT: readonly (readonly [what: string, statements: readonly string[]])[] = [
  ['a search_path', [`SET search_path = 'app'`]],
  ['a search_path, out of an expression', [`SELECT set_config('search_path', 'app', false)`]],
  ['a role', [`SET ROLE {app}_other`]],
  ['a time limit', [`SET statement_timeout = '1ms'`]],
  ['a time limit that is long', [`SET statement_timeout = '1h'`]],
  ['a session that only reads', ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY']],
  ['its context', [`SELECT set_config('app.stolen', current_setting('bulkhead.context'), false)`]],
  [
    'its context as the session’s',
    [`SELECT set_config('bulkhead.context', current_setting('bulkhead.context'), false)`],
  ],
  ['a temporary table', ['CREATE TEMP TABLE note (tenant_id text)']],
  ['a temporary view over everybody’s table', ['CREATE TEMP VIEW note AS SELECT * FROM app.note']],
  ['a prepared statement', ['PREPARE mine AS SELECT 1']],
  ['a channel', ['LISTEN everything']],
  ['an advisory lock', [`SELECT pg_advisory_lock(hashtextextended('ten_b', 7264118))`]],
  ['a cursor', ['DECLARE mine CURSOR WITH HOLD FOR SELECT generate_series(1, 10)']],
  [
    'a statement in the place of the library’s',
    [
      'DEALLOCATE bulkhead_context',
      `PREPARE bulkhead_context (text) AS SELECT set_config('app.stolen', $1, false), set_config('bulkhead.context', $1, true)`,
    ],
  ],
  ['no statement where the library has one', ['DEALLOCATE ALL']],
  ['an open transaction', ['BEGIN']],
];
const named = (text: string) => text.replaceAll('{app}', plane.servingRole);

describe.each(LEFT)('%s', (_, statements) => {
  const leave = async (tx: TenantTransaction) => {
    for (const text of statements) await tx.query(named(text)).catch(() => undefined);
  };

  it('of one statement is not there for the next tenant', async () => {
    await backend(a);
    for (const text of statements) await databases.query(a, named(text)).catch(() => undefined);
    expect(await asNext()).toEqual(asIfFirst());
  });

  it('of a committed transaction is not there for the next tenant', async () => {
    await databases.withTenant(a, leave).catch(() => undefined);
    expect(await asNext()).toEqual(asIfFirst());
  });

  it('of a failed transaction is not there for the next tenant', async () => {
    const thrown = databases.withTenant(a, async (tx) => {
      await leave(tx);
      throw new Error('on purpose');
    });
    await expect(thrown).rejects.toThrow('on purpose');
    const failed = databases.withTenant(a, async (tx) => {
      await leave(tx);
      await tx.query('SELECT 1 / 0');
    });
    // The division, or what is left twice in one session: then the transaction had failed before.
    await expect(failed).rejects.toMatchObject({ code: expect.stringMatching(/^(22012|25P02)$/) });
    expect(await asNext()).toEqual(asIfFirst());
  });
});

it('of one request stays in its own session from statement to statement, and does not go over to another request', async () => {
  const request = contextFor('ten_a');
  const left = `SELECT set_config('app.stolen', 'x', false)`;
  const seen = async (who: typeof a) =>
    (await databases.query<{ seen: string }>(who, `SELECT current_setting('app.stolen', true) AS seen`)).rows[0]?.seen;
  await databases.query(request, left);
  expect(await seen(request)).toBe('x');
  // Another request of the same tenant, asked at once and in a moment.
  await databases.query(request, left);
  expect(await seen(contextFor('ten_a'))).not.toBe('x');
  await databases.query(request, left);
  await waitFor('its reset', isReset);
  expect(await seen(request)).not.toBe('x');
  // Others that waited for the connection meanwhile.
  const waiting = [b, b, b].map(seen);
  for (let i = 0; i < 3; i++) await databases.query(request, left);
  for (const found of await Promise.all(waiting)) expect(found).not.toBe('x');
});

it.each(['ten_a', 'ten_b'])(
  'of one request is given up between statements to a request of %s that waits',
  async (waiting) => {
    const order: string[] = [];
    const request = contextFor('ten_a');
    const statements = async () => {
      for (let i = 0; i < 20; i++) await databases.query(request, 'SELECT 1').then(() => order.push('own'));
    };
    await Promise.all([statements(), databases.query(contextFor(waiting), 'SELECT 1').then(() => order.push('other'))]);
    expect(order.indexOf('other')).toBeLessThan(3);
  },
);

it('stays the same session with its statements prepared, where nothing but settings was left', async () => {
  const first = await backend(a);
  await databases.query(a, `SELECT set_config('search_path', 'app', false), pg_advisory_lock(1)`);
  expect(await backend(b)).toBe(first);
  const { rows } = await databases.query(b, `SELECT name FROM pg_prepared_statements WHERE NOT from_sql`);
  expect(rows).toContainEqual({ name: 'bulkhead_context' });
});

it('what replicates may not be played by a service', async () => {
  await expect(databases.query(a, `SET session_replication_role = 'replica'`)).rejects.toMatchObject({ code: '42501' });
});

it('an open transaction of one statement takes no acknowledged write of the next tenant with it', async () => {
  await databases.query(a, 'BEGIN');
  await databases.query(b, { text: 'INSERT INTO app.note VALUES ($1, $2)', values: ['ten_b', 7] });
  expect(await plane.asOwner('SELECT id FROM app.note')).toEqual([{ id: 7 }]);
  await databases.query(b, 'DELETE FROM app.note');
});

it('numbers that a sequence gave to one tenant are not told to the next', async () => {
  await plane.asOwner(`GRANT USAGE ON SEQUENCE app.number TO ${plane.servingRole}`);
  await databases.query(a, `SELECT nextval('app.number')`);
  await expect(databases.query(b, 'SELECT lastval()')).rejects.toMatchObject({ code: '55000' });
});

it.each([
  ['one statement', () => backend(a)],
  ['a transaction', () => databases.withTenant(a, (tx) => tx.query('SELECT 1'))],
])('%s is answered before its session has been reset: nobody waits for that', async (_, ask) => {
  await backend(a);
  const order: string[] = [];
  // oxlint-disable-next-line typescript/unbound-method -- it is called with the client it belongs to
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  const spied = jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
    this: unknown,
    ...args: unknown[]
  ) {
    const answer = query.apply(this, args);
    if (String(args[0]).includes('reset_session')) void (answer as Promise<unknown>).then(() => order.push('reset'));
    return answer as never;
  });
  await ask();
  order.push('answer');
  await waitFor('the reset', () => order.length === 2);
  spied.mockRestore();
  expect(order).toEqual(['answer', 'reset']);
});

describe('advisory locks', () => {
  const HELD = `SELECT pg_advisory_xact_lock(hashtextextended('ten_b', 7264118))`;

  it('of another tenant do not hold a write up for as long as they last: it is refused as what may be tried again', async () => {
    const other = await startTenantService([plane], routesOf(), { connectionsPerHome: 1 });
    const written = databases.withTenant(a, async (tx) => {
      await tx.query(HELD);
      const write = other.databases.query(b, `INSERT INTO app.note VALUES ('ten_b', 2)`);
      await expect(write).rejects.toMatchObject({ code: 'tenant_fence_held', status: 503, retryable: true });
      const send = `SELECT tenancy.revive_message(gen_random_uuid())`;
      await expect(other.databases.query(b, send)).rejects.toMatchObject({ code: 'tenant_fence_held' });
      // Reading needs no fence.
      expect((await other.databases.query(b, 'SELECT * FROM app.note')).rows).toEqual([]);
    });
    await written;
    await other.databases.query(b, `INSERT INTO app.note VALUES ('ten_b', 2)`);
    await other.databases.query(b, 'DELETE FROM app.note');
    await other.stop();
  });

  it('of a session that is given back are gone, so that writes go on', async () => {
    const other = await startTenantService([plane], routesOf(), { connectionsPerHome: 1 });
    await databases.query(a, HELD.replace('_xact', ''));
    await other.databases.query(b, `INSERT INTO app.note VALUES ('ten_b', 3)`);
    expect((await other.databases.query(b, 'DELETE FROM app.note')).rowCount).toBe(1);
    await other.stop();
  });
});

function routesOf(): HandRoutes {
  const routes = new HandRoutes();
  for (const tenant of ['ten_a', 'ten_b']) routes.set(tenant, 'cel_1');
  return routes;
}

it('types and operators of a search_path of the caller are not those of the verifier and the fence', async () => {
  await plane.asSuperuser(`CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;
    CREATE FUNCTION evil.tell(bytea) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'told %', $1; END $$;
    CREATE DOMAIN evil.bytea AS pg_catalog.bytea CHECK (evil.tell(VALUE));
    CREATE DOMAIN evil.text AS pg_catalog.text CHECK (evil.tell(VALUE::pg_catalog.bytea))`);
  await databases.withTenant(b, async (tx) => {
    await tx.query('SET LOCAL search_path = evil, pg_catalog');
    await tx.query(`INSERT INTO app.note VALUES ('ten_b', 4)`);
    expect((await tx.query('SELECT id FROM app.note')).rows).toEqual([{ id: 4 }]);
    await tx.query('DELETE FROM app.note');
  });
  await plane.asSuperuser('DROP SCHEMA evil CASCADE');
});
