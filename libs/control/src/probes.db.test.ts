import { newId } from '@bulkhead/kernel';
import { OperationEntity, PlacementEntity, TenantEntity } from '@bulkhead/store';
import { startCommands, type Commands } from './commands.fixture.js';
import { ReservePlacement } from './features/placements/reserve-placement.js';
import { SubscriptionReader } from './features/subscriptions/subscription-reader.js';
import { IsolationReader } from './features/isolation/isolation-reader.js';
import { ProvideProbes } from './features/isolation/provide-probes.js';

let commands: Commands;
beforeAll(async () => {
  commands = await startCommands();
});
afterAll(() => commands?.close());

const requestedBy = 'workload:worker';

it('a cell gets two sandbox tenants of the proof, once, on the plan with most modules', async () => {
  const cellId = await commands.addCell(10);
  const both = await Promise.all([1, 2].map(() => commands.send(new ProvideProbes({ cellId, requestedBy }))));
  const onboarded = both.flat();
  expect(onboarded).toHaveLength(2);
  const { manager } = commands.source;
  const rows = await manager.find(TenantEntity, { where: { probeOf: cellId }, order: { slug: 'ASC' } });
  const shape = { environment: 'sandbox', tierName: 'pooled', planName: 'enterprise-health-system' };
  expect(rows).toEqual([expect.objectContaining(shape), expect.objectContaining(shape)]);
  for (const tenantId of onboarded) expect(await manager.countBy(OperationEntity, { tenantId })).toBe(1);
  const reader = commands.context.get(IsolationReader, { strict: false });
  const probes = async () => (await reader.probedCells()).find((cell) => cell.cellId === cellId)?.probes;
  expect(await probes()).toEqual([]);
  await manager.update(TenantEntity, { probeOf: cellId }, { state: 'active' });
  expect((await probes())?.map(({ tenantId }) => tenantId)).toEqual(rows.map(({ id }) => id));
});

it('they are placed in the cell that they probe, full or not, and nobody bills them', async () => {
  const [full] = [await commands.addCell(1), await commands.addCell(10)];
  const onboarded = await commands.send(new ProvideProbes({ cellId: full, requestedBy }));
  const subscriptions = commands.context.get(SubscriptionReader, { strict: false });
  for (const tenantId of onboarded) {
    const plan = await commands.send(new ReservePlacement({ tenantId, operationId: newId('operation') }));
    expect(plan.shared?.cellId).toBe(full);
    expect(await commands.source.manager.countBy(PlacementEntity, { tenantId })).toBe(4);
    expect((await subscriptions.billingFacts(tenantId)).isProbe).toBe(true);
  }
});

it('one that was given up is replaced, and no customer can be one', async () => {
  const cellId = await commands.addCell(10);
  const [first] = await commands.send(new ProvideProbes({ cellId, requestedBy }));
  const { manager } = commands.source;
  await manager.update(TenantEntity, { id: first }, { state: 'abandoned' });
  expect(await commands.send(new ProvideProbes({ cellId, requestedBy }))).toHaveLength(1);
  const { tenant } = await commands.createTenant('riverside', 'pooled', 'clinic-per-provider');
  const turned = manager.update(TenantEntity, { id: tenant.id as never }, { probeOf: cellId });
  await expect(turned).rejects.toMatchObject({ constraint: 'tenants_probes_are_no_customers' });
  expect((await manager.findOneByOrFail(TenantEntity, { id: tenant.id as never })).probeOf).toBeNull();
});

it('every cell and every stack of a tenant’s own is a live place', async () => {
  const cellId = await commands.addCell(10);
  const reader = commands.context.get(IsolationReader, { strict: false });
  const place = (await reader.livePlaces()).find(({ id }) => id === cellId);
  expect(place).toMatchObject({
    resources: { storage: { bucket: 'bucket' }, queue: { queueUrl: 'http://queue' } },
    secretsOf: cellId,
    bindings: [],
  });
});
