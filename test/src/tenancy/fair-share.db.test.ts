import { setTimeout as work } from 'node:timers/promises';
import { physicalNames } from '@bulkhead/domain';
import { waitFor } from '@bulkhead/kernel';
import { homeOf } from '@bulkhead/planes';
import { currentTenant, TenantConsumer } from '@bulkhead/tenancy';
import fc from 'fast-check';
import pg from 'pg';
import { TenancyStage, type StagedTenant, type TenancyService } from './tenancy-stage.js';

// One noisy tenant, one cell: what do the others wait?

let stage: TenancyStage;
let service: TenancyService;
let tenants: StagedTenant[];
let superuser: pg.Client;

beforeAll(async () => {
  stage = await TenancyStage.start();
  tenants = [];
  for (let i = 0; i < 6; i++) tenants.push(await stage.tenant('shared'));
  service = await stage.service();
  const home = homeOf((tenants[0] as StagedTenant).placed);
  if (!home) throw new Error('No home');
  const { rds } = stage.engines.plane;
  superuser = new pg.Client({
    ...rds.superuserOf(physicalNames(home.id).instance),
    database: home.database.database,
  });
  await superuser.connect();
}, 300_000);
afterAll(async () => {
  await superuser?.end();
  await stage?.stop();
});

const sql = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
  (await superuser.query<Record<string, unknown>>(text, values)).rows;
const clear = () => sql('with m as (delete from bulkhead.message) delete from bulkhead.lane');
const idOf = (index: number): string => tenants[index]?.placed.tenantId ?? '';

const BODY = Buffer.alloc(1);
/** So many messages of a tenant and class, as if they had been sent. */
async function backlog(index: number, laneClass: number, count: number): Promise<void> {
  await sql('insert into bulkhead.lane values ($1, $2) on conflict do nothing', [idOf(index), laneClass]);
  await sql(
    `insert into bulkhead.message (tenant_id, id, class, kind, body, visible_at)
     select $1, gen_random_uuid(), $2, 'visit', $3, clock_timestamp() from generate_series(1, $4::int)`,
    [idOf(index), laneClass, BODY, count],
  );
}

/** Serves one message after the other and tells whose they were. */
async function serve(count: number): Promise<{ tenant: string; laneClass: number }[]> {
  const served: { tenant: string; laneClass: number }[] = [];
  for (let i = 0; i < count; i++) {
    const [row] = await sql('select * from tenancy.claim_messages(1, 60000, 1000)');
    if (row === undefined) break;
    served.push({ tenant: String(row['tenant_id']), laneClass: Number(row['class']) });
    await sql('delete from bulkhead.message where id = $1', [row['id']]);
  }
  return served;
}

/** Turns of twelve that begin with each class. */
const SHARE = [8, 3, 1] as const;

it('whoever comes is served within a bound that no backlog of others moves (200 random loads)', async () => {
  const lane = fc.record({ tenant: fc.nat(4), laneClass: fc.nat(2), count: fc.integer({ min: 1, max: 40 }) });
  const loads = fc.record({
    lanes: fc.array(lane, { minLength: 1, maxLength: 8 }),
    before: fc.nat(30),
    laneClass: fc.nat(2),
  });
  await fc.assert(
    fc.asyncProperty(loads, async ({ lanes, before, laneClass }) => {
      await clear();
      for (const { tenant, laneClass: one, count } of lanes) await backlog(tenant, one, count);
      await serve(before);
      await backlog(5, laneClass, 1);
      const rivals = new Set(lanes.filter((one) => one.laneClass === laneClass).map(({ tenant }) => tenant)).size;
      // Before it come at most the lanes of its class that have waited as long; of twelve turns so many are its class's.
      const bound = 12 * Math.ceil((rivals + 1) / (SHARE[laneClass] ?? 1));
      const served = await serve(bound);
      expect({ rivals, served: served.map(({ tenant }) => tenant) }).toMatchObject({
        served: expect.arrayContaining([idOf(5)]),
      });
    }),
    { numRuns: 200 },
  );
}, 300_000);

it('lanes of one class take turns, whatever their backlogs', async () => {
  await clear();
  for (const [index, count] of [200, 20, 20, 20].entries()) await backlog(index, 1, count);
  const served = await serve(40);
  const counts = [0, 1, 2, 3].map((index) => served.filter(({ tenant }) => tenant === idOf(index)).length);
  expect(counts).toEqual([10, 10, 10, 10]);
});

it('classes share turns eight to three to one, and none starves', async () => {
  await clear();
  for (const laneClass of [0, 1, 2]) await backlog(laneClass, laneClass, 100);
  const served = await serve(60);
  expect([0, 1, 2].map((one) => served.filter(({ laneClass }) => laneClass === one).length)).toEqual([40, 15, 5]);
});

it('behind 10,000 messages of one tenant another’s are handled after a few of them', async () => {
  await clear();
  const [noisy, quiet] = tenants as [StagedTenant, StagedTenant];
  const turns = new Map<string, number>();
  let ofNoisy = 0;
  const consumer = new TenantConsumer({
    queues: service.queues,
    connect: stage.consumerLogin,
    homes: () => [homeOf(noisy.placed)?.id ?? ''],
    contextFor: async (tenantId) => [noisy, quiet].find(({ placed }) => placed.tenantId === tenantId)!.context,
    handlers: {
      visit: async ({ id }) => {
        if (currentTenant().tenantId === noisy.placed.tenantId) ofNoisy++;
        else turns.set(id, ofNoisy);
        await work(20);
      },
    },
    concurrency: 8,
  });
  const send = async () => {
    for (let i = 0; i < 500; i++) await service.queues.send(noisy.context, 'visit', { i });
  };
  await Promise.all(Array.from({ length: 20 }, send));
  consumer.start();
  await waitFor('the backlog to be worked on', () => ofNoisy > 0, { timeoutMs: 30_000 });
  const overtaken: number[] = [];
  for (let i = 0; i < 30; i++) {
    const id = await service.queues.send(quiet.context, 'visit', { i });
    const before = ofNoisy;
    await waitFor('its turn', () => turns.has(id), { timeoutMs: 30_000 });
    overtaken.push((turns.get(id) ?? Infinity) - before);
  }
  await consumer.stop();
  // First come, first served would have been thousands. Claimed ahead are a batch or two, and the lane's turn is next.
  expect(Math.max(...overtaken)).toBeLessThanOrEqual(100);
  expect(ofNoisy).toBeLessThan(5_000);
}, 300_000);
