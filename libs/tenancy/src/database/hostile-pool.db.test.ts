import assert from 'node:assert/strict';
import { HandRoutes, contextFor, startTenantPlane, startTenantService, type TenantPlane } from '../testing/index.js';
import type { TenantDatabases } from './tenant-databases.js';

// Many tenants over few connections, with everything going wrong at random, against a model that knows the truth.

const TENANTS = Array.from({ length: 500 }, (_, n) => `ten_${String(n).padStart(3, '0')}`);
/** 100,000 take one to three minutes on two cores: set the variable for the long run. */
const OPERATIONS = Number(process.env['BULKHEAD_TEST_OPERATIONS'] ?? 20_000);
const LANES = 64;

let plane: TenantPlane;
let service: Awaited<ReturnType<typeof startTenantService>>;
let databases: TenantDatabases;

beforeAll(async () => {
  plane = await startTenantPlane('cel_1');
  await plane.settle(...TENANTS);
  await plane.asOwner(
    `CREATE TABLE app.item (tenant_id text COLLATE "C", id int, value int NOT NULL, PRIMARY KEY (tenant_id, id)); SELECT bulkhead.protect('app.item')`,
  );
  const routes = new HandRoutes();
  for (const tenant of TENANTS) routes.set(tenant, 'cel_1');
  service = await startTenantService([plane], routes, { connectionsPerHome: 4 });
  databases = service.databases;
}, 120_000);
afterAll(async () => {
  await service?.stop();
  await plane?.stop();
});

/** mulberry32: a run can be repeated from its seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

type Model = Map<number, number>;
interface Lane {
  readonly random: (below: number) => number;
  readonly models: Map<string, Model>;
  foreign: number;
  done: number;
}
type Row = { tenant_id: string; id: number; value: number };

/** Rows as the model has them; a row of another tenant is counted. */
function compare(lane: Lane, tenant: string, rows: Row[], expected: Iterable<[number, number]>): void {
  lane.foreign += rows.filter((row) => row.tenant_id !== tenant).length;
  const wanted = [...expected]
    .sort(([one], [two]) => one - two)
    .map(([id, value]) => ({ tenant_id: tenant, id, value }));
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    wanted,
  );
}

const UPSERT = {
  name: 'upsert',
  text: 'INSERT INTO app.item VALUES ($1, $2, $3) ON CONFLICT (tenant_id, id) DO UPDATE SET value = excluded.value',
};
const LIST = { name: 'list', text: 'SELECT * FROM app.item ORDER BY id' };
const POINT = { name: 'point', text: 'SELECT * FROM app.item WHERE id = $1' };
const SUM = { name: 'sum', text: 'SELECT count(*)::int AS n, coalesce(sum(value), 0)::int AS total FROM app.item' };
const REMOVE = { name: 'remove', text: 'DELETE FROM app.item WHERE id = $1' };
const ADD_ALL = { name: 'add_all', text: 'UPDATE app.item SET value = value + 1' };
const STEAL = { name: 'steal', text: `UPDATE app.item SET tenant_id = $1` };

async function operate(lane: Lane, tenant: string): Promise<void> {
  const model = lane.models.get(tenant) ?? new Map<number, number>();
  lane.models.set(tenant, model);
  const context = contextFor(tenant);
  const other = TENANTS[lane.random(TENANTS.length)] ?? tenant;
  const [id, value] = [lane.random(6), lane.random(1000)];
  lane.done++;
  switch (lane.random(9)) {
    case 0:
    case 1:
      await databases.query(context, { ...UPSERT, values: [tenant, id, value] });
      model.set(id, value);
      break;
    case 2:
      compare(lane, tenant, (await databases.query<Row>(context, LIST)).rows, model);
      break;
    case 3:
      compare(
        lane,
        tenant,
        (await databases.query<Row>(context, { ...POINT, values: [id] })).rows,
        [...model].filter(([known]) => known === id),
      );
      break;
    case 4: {
      const total = [...model.values()].reduce((sum, one) => sum + one, 0);
      assert.deepEqual({ ...(await databases.query(context, SUM)).rows[0] }, { n: model.size, total });
      break;
    }
    case 5:
      await databases.query(context, { ...REMOVE, values: [id] });
      model.delete(id);
      break;
    case 6:
      await databases.withTenant(context, (tx) =>
        Promise.all([tx.query(ADD_ALL), tx.query({ ...REMOVE, values: [id] })]),
      );
      model.delete(id);
      for (const [known, before] of model) model.set(known, before + 1);
      break;
    case 7:
      await assert.rejects(
        abortAtRandom(lane, context, tenant, id),
        /aborted on purpose|division by zero|does not exist/,
      );
      break;
    default:
      if (other !== tenant) {
        await assert.rejects(databases.query(context, { ...UPSERT, values: [other, id, value] }), /row-level security/);
        if (model.size > 0)
          await assert.rejects(databases.query(context, { ...STEAL, values: [other] }), /row-level security/);
      }
  }
}

/** A transaction that ends badly in one of three ways, some statements of it not waited for. */
function abortAtRandom(
  lane: Lane,
  context: ReturnType<typeof contextFor>,
  tenant: string,
  id: number,
): Promise<unknown> {
  const way = lane.random(3);
  return databases.withTenant(context, async (tx) => {
    tx.query({ ...UPSERT, values: [tenant, id, -1] }).catch(() => undefined);
    if (way === 0) throw new Error('aborted on purpose');
    if (way === 1) await tx.query('SELECT 1 / 0').catch(() => undefined);
    if (way === 2) tx.query('SELECT * FROM app.no_such_table').catch(() => undefined);
    return tx.query(ADD_ALL).catch(() => undefined);
  });
}

it(`500 tenants over 4 connections, ${OPERATIONS} random operations, a fifth of them refused or aborted: no foreign row, and every row as the model says`, async () => {
  const seed = Number(process.env['BULKHEAD_TEST_SEED'] ?? Date.now() % 1_000_000);
  const lanes = Array.from({ length: LANES }, (_, n): Lane => ({
    random: randomFrom(seed + n),
    models: new Map(),
    foreign: 0,
    done: 0,
  }));
  const running = lanes.map(async (lane, n) => {
    // A tenant belongs to one lane, so the model knows the order of its operations.
    const mine = TENANTS.filter((_, index) => index % LANES === n);
    while (lane.done < OPERATIONS / LANES) await operate(lane, mine[lane.random(mine.length)] ?? '');
  });
  await Promise.all(running).catch((error: unknown) => {
    throw new Error(`Seed ${seed}`, { cause: error });
  });
  expect(lanes.reduce((sum, { foreign }) => sum + foreign, 0)).toBe(0);
  const rows = await plane.asOwner<Row>('SELECT * FROM app.item ORDER BY tenant_id, id');
  const expected = lanes
    .flatMap(({ models }) =>
      [...models].flatMap(([tenant_id, model]) => [...model].map(([id, value]) => ({ tenant_id, id, value }))),
    )
    .sort((one, two) => (one.tenant_id + one.id < two.tenant_id + two.id ? -1 : 1));
  expect(rows).toEqual(expected);
  const left = await plane.asSuperuser<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1`,
    [plane.servingRole],
  );
  expect(left[0]?.n).toBeLessThanOrEqual(4);
}, 300_000);
