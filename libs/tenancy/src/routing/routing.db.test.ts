import { waitFor } from '@bulkhead/kernel';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import pg from 'pg';
import { PostgresRoutes } from './postgres-routes.js';
import { fixedRoutes, type RouteSource } from './route.js';
import { RoutingTable } from './routing-table.js';

let database: TestDatabase;
let admin: pg.Client;
let table: RoutingTable | undefined;

beforeAll(async () => {
  database = await startTestPostgres({ migrated: false });
  admin = new pg.Client(database.superuserUrl);
  await admin.connect();
  await admin.query(`CREATE SCHEMA routing;
    CREATE TABLE routing.route (tenant_id text PRIMARY KEY, home text NOT NULL, epoch bigint NOT NULL, status text NOT NULL,
      changed xid8 NOT NULL DEFAULT pg_current_xact_id());
    CREATE INDEX ON routing.route (changed);
    CREATE FUNCTION routing.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changed := pg_current_xact_id(); RETURN NEW; END $$;
    CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON routing.route FOR EACH ROW EXECUTE FUNCTION routing.touch();
    CREATE FUNCTION routing.ring() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY routes; RETURN NULL; END $$;
    CREATE TRIGGER ring AFTER INSERT OR UPDATE ON routing.route FOR EACH STATEMENT EXECUTE FUNCTION routing.ring();
    INSERT INTO routing.route SELECT 'ten_' || n, 'cel_1', 1, 'active' FROM generate_series(1, 1000) n`);
});
afterEach(async () => {
  await table?.close();
  table = undefined;
  await admin.query(
    `ALTER TABLE routing.route ENABLE TRIGGER ring; UPDATE routing.route SET home = 'cel_1', epoch = 1, status = 'active'`,
  );
});
afterAll(async () => {
  await admin?.end();
  await database?.stop();
});

const source = () =>
  new PostgresRoutes({
    connection: { connectionString: database.superuserUrl, application_name: 'bulkhead-routes' },
    relation: ['routing', 'route'],
    channel: 'routes',
    timeoutMs: 500,
  });
const move = (client: pg.Client, tenant: string, home: string, epoch: number) =>
  client.query('UPDATE routing.route SET home = $2, epoch = $3 WHERE tenant_id = $1', [tenant, home, epoch]);
const refusal = (code: string, status: number) => expect.objectContaining({ code, status });

describe('the routing table', () => {
  it('knows every tenant at the start and a change long before the next look', async () => {
    table = await RoutingTable.open(source(), { maxStalenessMs: 600_000 });
    expect(table.size).toBe(1000);
    expect(table.resolve('ten_7')).toEqual({ tenantId: 'ten_7', home: 'cel_1', epoch: 1, status: 'active' });
    await move(admin, 'ten_7', 'bnd_2', 2);
    expect(await table.atLeast('ten_7', 2, 2_000)).toMatchObject({ home: 'bnd_2', epoch: 2 });
  });

  it('refuses suspended tenants, maintenance, strangers and states that it does not know, each in its words', async () => {
    table = await RoutingTable.open(source(), { maxStalenessMs: 600_000 });
    for (const [status, code, http] of [
      ['suspended', 'tenant_suspended', 403],
      ['maintenance', 'tenant_maintenance', 503],
      ['gone', 'tenant_unknown', 404],
      ['odd', 'tenant_suspended', 403],
    ] as const) {
      await admin.query(`UPDATE routing.route SET status = $1 WHERE tenant_id = 'ten_8'`, [status]);
      await waitFor(
        'the refusal',
        () => {
          try {
            table?.resolve('ten_8');
            return false;
          } catch (error) {
            return (error as { code: string }).code === code;
          }
        },
        { timeoutMs: 2_000, intervalMs: 5 },
      );
      expect(() => table?.resolve('ten_8')).toThrow(refusal(code, http));
    }
    expect(() => table?.resolve('ten_x')).toThrow(refusal('tenant_unknown', 404));
  });

  it('hears of a change without its notification at the next look', async () => {
    table = await RoutingTable.open(source(), { maxStalenessMs: 300 });
    await admin.query('ALTER TABLE routing.route DISABLE TRIGGER ring');
    await move(admin, 'ten_9', 'bnd_2', 2);
    await waitFor('the look', () => table?.resolve('ten_9').epoch === 2, { timeoutMs: 2_000, intervalMs: 10 });
    expect(table.resolve('ten_9').home).toBe('bnd_2');
  });

  it('leaves out no change, whatever the order in which transactions commit', async () => {
    table = await RoutingTable.open(source(), { maxStalenessMs: 600_000 });
    const slow = new pg.Client(database.superuserUrl);
    await slow.connect();
    await slow.query('BEGIN');
    await move(slow, 'ten_10', 'bnd_2', 2);
    await move(admin, 'ten_11', 'bnd_2', 2);
    await table.atLeast('ten_11', 2, 2_000);
    await slow.query('COMMIT');
    await slow.end();
    expect(await table.atLeast('ten_10', 2, 2_000)).toMatchObject({ home: 'bnd_2' });
  });

  it('comes back after its connection was cut and knows what happened in between', async () => {
    table = await RoutingTable.open(source(), { maxStalenessMs: 600_000 });
    await admin.query('ALTER TABLE routing.route DISABLE TRIGGER ring');
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bulkhead-routes'`,
    );
    await move(admin, 'ten_12', 'bnd_2', 2);
    await admin.query(`DELETE FROM routing.route WHERE tenant_id = 'ten_13'`);
    await waitFor('the new connection', () => table?.resolve('ten_12').epoch === 2, {
      timeoutMs: 3_000,
      intervalMs: 10,
    });
    expect(() => table?.resolve('ten_13')).toThrow(refusal('tenant_unknown', 404));
    await admin.query(`INSERT INTO routing.route VALUES ('ten_13', 'cel_1', 1, 'active')`);
  });

  it('routes nothing once it has not been able to look for too long, and again when it has', async () => {
    let lost = false;
    const real = source();
    const flaky: RouteSource = {
      async open(doorbell) {
        if (lost) throw new Error('unreachable');
        const feed = await real.open(doorbell);
        return {
          ...feed,
          changesSince: (cursor) => (lost ? Promise.reject(new Error('unreachable')) : feed.changesSince(cursor)),
        };
      },
    };
    table = await RoutingTable.open(flaky, { maxStalenessMs: 200 });
    lost = true;
    const stale = () => {
      try {
        table?.resolve('ten_1');
        return false;
      } catch (error) {
        return (error as { code: string }).code === 'routes_stale';
      }
    };
    await waitFor('staleness', stale, { timeoutMs: 2_000, intervalMs: 10 });
    expect(() => table?.resolve('ten_1')).toThrow(refusal('routes_stale', 503));
    lost = false;
    await waitFor('recovery', () => !stale(), { timeoutMs: 2_000, intervalMs: 10 });
  });

  it('waits for an epoch no longer than it is told to', async () => {
    table = await RoutingTable.open(fixedRoutes([{ tenantId: 'ten_1', home: 'bnd_1', epoch: 3, status: 'active' }]));
    expect(await table.atLeast('ten_1', 3, 10)).toMatchObject({ home: 'bnd_1' });
    await expect(table.atLeast('ten_1', 4, 30)).rejects.toThrow(refusal('tenant_moving', 503));
  });
});
