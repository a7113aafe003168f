import { newId, waitFor, type TenantId } from '@bulkhead/kernel';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import pg from 'pg';
import { PostgresRoutes } from '../routing/postgres-routes.js';
import { RoutingTable } from '../routing/routing-table.js';
import type { EntitlementSource } from './entitlement-set.js';
import { Entitlements } from './entitlements.js';
import { PostgresEntitlements } from './postgres-entitlements.js';

let database: TestDatabase;
let admin: pg.Client;
let entitlements: Entitlements | undefined;
let tenant: TenantId;

beforeAll(async () => {
  database = await startTestPostgres();
  admin = new pg.Client(database.superuserUrl);
  await admin.connect();
  await admin.query(`INSERT INTO control.tiers VALUES ('pooled', 1, 'd', '{}'); INSERT INTO control.plans VALUES ('clinic', 1, 'd', '{}');
    INSERT INTO control.cells (id, name, region, capacity, state, spec) VALUES ('cel_1', 'one', 'us-east-1', 9, 'active', '{}');
    INSERT INTO control.rosters VALUES ('rst_1', 'cel_1', 1)`);
});
beforeEach(async () => {
  tenant = await addTenant();
});
afterEach(async () => {
  await entitlements?.close();
  entitlements = undefined;
});
afterAll(async () => {
  await admin?.end();
  await database?.stop();
});

async function addTenant(): Promise<TenantId> {
  const id = newId('tenant');
  const binding = newId('binding');
  const statements: [string, unknown[]][] = [
    [
      `INSERT INTO control.tenants (id, slug, name, region, environment, tier_name, tier_version, plan_name, plan_version, quantity, state, activated_at)
       VALUES ($1, $2, 'T', 'us-east-1', 'production', 'pooled', 1, 'clinic', 1, 5, 'active', now())`,
      [id, `t${id.slice(-20)}`],
    ],
    [
      `INSERT INTO control.subscriptions (id, tenant_id, plan_name, plan_version, quantity, state) VALUES ($1, $2, 'clinic', 1, 5, 'active')`,
      [newId('subscription'), id],
    ],
    [
      `INSERT INTO control.bindings (id, layer, isolation, cell_id, roster_id, tenant_id, state) VALUES ($1, 'database', 'shared', 'cel_1', 'rst_1', $2, 'bound')`,
      [binding, id],
    ],
    [`INSERT INTO control.placements VALUES ($1, 'database', $2, 1)`, [id, binding]],
    [
      `INSERT INTO control.entitlements VALUES ($1, 'scheduling', 'module', NULL, 'plan:clinic@1'), ($1, 'providers', 'quota', 5, 'plan:clinic@1')`,
      [id],
    ],
  ];
  for (const [text, values] of statements) await admin.query(text, values);
  return id;
}

const connection = () => ({ connectionString: database.workloadUrl, application_name: 'bulkhead-entitlements' });
const source = () => new PostgresEntitlements({ connection: connection(), timeoutMs: 500 });
const refusal = (code: string, status: number) => expect.objectContaining({ code, status });
const grantClaims = () =>
  admin.query(`INSERT INTO control.entitlements VALUES ($1, 'claims', 'module', NULL, 'override:test')`, [tenant]);
const allows = (module: string) => entitlements?.allows(tenant, module);

describe('entitlements', () => {
  it('are those of the control database, read with the login of services', async () => {
    entitlements = await Entitlements.open(source(), { maxStalenessMs: 600_000 });
    expect([allows('scheduling'), allows('claims')]).toEqual([true, false]);
    expect(entitlements.quota(tenant, 'providers')).toBe(5);
    expect(entitlements.quota(tenant, 'storageGb')).toBe(0);
    entitlements.require(tenant, 'scheduling');
    expect(() => entitlements?.require(tenant, 'claims')).toThrow(refusal('not_entitled', 403));
  });

  it('give a stranger nothing', async () => {
    entitlements = await Entitlements.open(source(), { maxStalenessMs: 600_000 });
    expect(entitlements.allows('ten_stranger', 'scheduling')).toBe(false);
    expect(entitlements.quota('ten_stranger', 'providers')).toBe(0);
    expect(() => entitlements?.require('ten_stranger', 'scheduling')).toThrow(refusal('not_entitled', 403));
  });

  it('follow a grant, a suspended subscription and a new tenant long before the next look', async () => {
    entitlements = await Entitlements.open(source(), { maxStalenessMs: 600_000 });
    await grantClaims();
    await waitFor('the grant', () => allows('claims'), { timeoutMs: 2_000, intervalMs: 5 });
    await admin.query(`UPDATE control.subscriptions SET state = 'suspended' WHERE tenant_id = $1`, [tenant]);
    await waitFor('the end', () => !allows('scheduling') && !allows('claims'), { timeoutMs: 2_000, intervalMs: 5 });
    const late = await addTenant();
    expect(allows('scheduling')).toBe(false);
    await waitFor('the tenant', () => entitlements?.allows(late, 'scheduling'), { timeoutMs: 2_000, intervalMs: 5 });
  });

  it('find a change whose notification was lost', async () => {
    entitlements = await Entitlements.open(source(), { maxStalenessMs: 300 });
    const { rows } = await admin.query(
      `INSERT INTO workload.entitlement_set VALUES ('quiet', '{claims}', '{}') ON CONFLICT DO NOTHING RETURNING id`,
    );
    expect(rows).toHaveLength(1);
    await admin.query(
      `UPDATE workload.entitlement SET set_id = 'quiet', changed = pg_current_xact_id() WHERE tenant_id = $1`,
      [tenant],
    );
    await waitFor('the look', () => allows('claims'), { timeoutMs: 2_000, intervalMs: 5 });
  });

  it('leave out no change that committed late', async () => {
    entitlements = await Entitlements.open(source(), { maxStalenessMs: 600_000 });
    const slow = new pg.Client(database.superuserUrl);
    await slow.connect();
    await slow.query('BEGIN');
    await slow.query(`UPDATE control.subscriptions SET state = 'cancelled' WHERE tenant_id = $1`, [tenant]);
    // Takes its transaction number now, before the other one's.
    await slow.query('SET CONSTRAINTS ALL IMMEDIATE');
    const late = await addTenant();
    await waitFor('the later one', () => entitlements?.allows(late, 'scheduling'), { timeoutMs: 2_000, intervalMs: 5 });
    await slow.query('COMMIT');
    await slow.end();
    await waitFor('the earlier one', () => !allows('scheduling'), { timeoutMs: 2_000, intervalMs: 5 });
    expect(entitlements.allows(late, 'scheduling')).toBe(true);
  });

  it('are refused to everybody once they could not be looked at for too long, and given again when they could', async () => {
    let lost = false;
    const real = source();
    const flaky: EntitlementSource = {
      async open(doorbell) {
        if (lost) throw new Error('unreachable');
        const feed = await real.open(doorbell);
        const changesSince: typeof feed.changesSince = async (cursor) => {
          if (lost) throw new Error('unreachable');
          return feed.changesSince(cursor);
        };
        return { changesSince, close: () => feed.close() };
      },
    };
    entitlements = await Entitlements.open(flaky, { maxStalenessMs: 200 });
    lost = true;
    const codeOf = (work: () => unknown) => {
      try {
        work();
        return 'ok';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    await waitFor('staleness', () => codeOf(() => allows('scheduling')) === 'entitlements_stale', {
      timeoutMs: 2_000,
      intervalMs: 5,
    });
    expect(() => entitlements?.quota(tenant, 'providers')).toThrow(refusal('entitlements_stale', 503));
    expect(() => entitlements?.require(tenant, 'scheduling')).toThrow(refusal('entitlements_stale', 503));
    lost = false;
    await waitFor('recovery', () => codeOf(() => allows('scheduling')) === 'ok', { timeoutMs: 2_000, intervalMs: 5 });
  });
});

describe('routes of the control database', () => {
  it('follow the standing of a tenant, with the same login', async () => {
    const table = await RoutingTable.open(new PostgresRoutes({ connection: connection() }), {
      maxStalenessMs: 600_000,
    });
    expect(table.resolve(tenant)).toEqual({ tenantId: tenant, home: 'cel_1', epoch: 1, status: 'active' });
    await admin.query(`UPDATE control.tenants SET maintenance_since = now(), maintenance_message = 'x' WHERE id = $1`, [
      tenant,
    ]);
    const refused = () => {
      try {
        return table.resolve(tenant) && false;
      } catch (error) {
        return (error as { code: string }).code === 'tenant_maintenance';
      }
    };
    await waitFor('maintenance', refused, { timeoutMs: 2_000, intervalMs: 5 });
    expect(() => table.resolve(tenant)).toThrow(refusal('tenant_maintenance', 503));
    await table.close();
  });
});
