import { newId } from '@bulkhead/kernel';
import { BindingEntity, PlacementEntity, RosterEntity, TenantEntity } from '@bulkhead/store';
import { callOf, startCommands, type Commands } from '../../commands.fixture.js';
import { PlacementReader } from './placement-reader.js';
import { RecordBound, RecordDedicatedStack, RecordRosterRun } from './record-outcome.js';
import { ReservePlacement } from './reserve-placement.js';
import { RecordRetired, RetirePlacement } from './retire-placement.js';

describe('placements', () => {
  let commands: Commands;
  beforeEach(async () => {
    commands = await startCommands();
  });
  afterEach(() => commands.close());

  const reserved = async (slug: string, tier = 'pooled', plan = 'clinic-per-provider') => {
    const call = callOf(await commands.createTenant(slug, tier, plan));
    return { call, plan: await commands.send(new ReservePlacement(call)) };
  };

  it('answers a repeated reservation with the bindings already promised', async () => {
    await commands.addCell(10);
    const { call, plan } = await reserved('riverside');
    expect(await commands.send(new ReservePlacement(call))).toEqual(plan);
    expect(await commands.source.manager.countBy(BindingEntity, { tenantId: call.tenantId })).toBe(4);
  });

  it('gives each layer to the cell or to a stack, as the tier says', async () => {
    const cellId = await commands.addCell(10);
    const { plan } = await reserved('lakeside', 'hybrid-storage', 'enterprise-health-system');
    expect(plan.shared).toMatchObject({ cellId, bindings: [{ layer: 'database' }, { layer: 'queue' }] });
    expect(Object.keys(plan.dedicated ?? {})).toEqual(expect.arrayContaining(['key', 'storage']));
    expect(plan.dedicated).not.toHaveProperty('database');
    expect(plan.dedicated?.sharedKeyArn).toBeUndefined();
  });

  it('encrypts dedicated layers under the cell’s key when the key layer is shared', async () => {
    await commands.addCell(10);
    const { plan } = await reserved('hillside', 'hybrid-database', 'enterprise-health-system');
    expect(plan.dedicated?.sharedKeyArn).toBe(plan.shared?.cell.keyArn);
  });

  it('needs no cell when every layer is dedicated', async () => {
    const { plan } = await reserved('seaside', 'dedicated', 'enterprise-health-system');
    expect(plan.shared).toBeNull();
    expect(plan.bindings.map(({ isolation }) => isolation)).toEqual(Array(4).fill('dedicated'));
  });

  it('never puts more tenants into a cell than it has room for, however many come at once', async () => {
    await commands.addCell(5);
    const calls = [];
    for (let i = 0; i < 12; i++)
      calls.push(callOf(await commands.createTenant(`tenant-${i}`, 'pooled', 'clinic-per-provider')));
    const outcomes = await Promise.allSettled(calls.map((call) => commands.send(new ReservePlacement(call))));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason.code);
    expect(refused).toEqual(Array(7).fill('no_cell_with_room'));
    expect(await commands.source.manager.countBy(PlacementEntity, { layer: 'database' })).toBe(5);
  });

  it('opens a further roster before one gets longer than fifty registrations', async () => {
    await commands.addCell(100);
    for (let i = 0; i < 14; i++) await reserved(`tenant-${i}`);
    const rosters = await commands.source.manager.find(RosterEntity, { order: { ordinal: 'ASC' } });
    const lengths = await Promise.all(
      rosters.map(({ id }) => commands.source.manager.countBy(BindingEntity, { rosterId: id })),
    );
    expect(lengths).toEqual([48, 8]);
  });

  it('keeps a binding that only others asked for out of a roster’s run', async () => {
    await commands.addCell(10);
    const good = await reserved('good');
    await reserved('bad');
    const { rosterId, bindings } = good.plan.shared!;
    const registering = bindings.map(({ bindingId }) => bindingId);
    const reader = commands.context.get(PlacementReader, { strict: false });
    const spec = await reader.rosterSpec(rosterId, { registering });
    expect(spec.registrations.map(({ bindingId }) => bindingId).toSorted()).toEqual(registering.toSorted());
  });

  it('goes from reserved to bound and, retired, leaves only records', async () => {
    await commands.addCell(10);
    const { call, plan } = await reserved('lakeside', 'hybrid-storage', 'enterprise-health-system');
    const { rosterId, bindings } = plan.shared!;
    const registered = bindings.map((binding) => ({ ...binding, locator: 'somewhere' }));
    await commands.send(new RecordRosterRun({ rosterId, registered, removed: [] }));
    const outputs = { key: { keyArn: 'arn', alias: 'alias' }, storage: { bucket: 'bucket', arn: 'arn' } };
    await commands.send(new RecordDedicatedStack({ stackId: plan.dedicated!.stackId, outputs }));
    await commands.send(new RecordBound(call));
    const states = async () =>
      (await commands.source.manager.findBy(BindingEntity, { tenantId: call.tenantId })).map(({ state }) => state);
    expect(await states()).toEqual(Array(4).fill('bound'));

    const left = await commands.send(new RetirePlacement(call));
    expect(left.dedicated?.discardedBy).toBe(call.operationId);
    expect(await commands.send(new RetirePlacement(call))).toEqual(left);
    const bindingIds = left.bindings.map(({ bindingId }) => bindingId);
    await commands.send(new RecordRetired({ ...call, bindingIds }));
    expect(await states()).toEqual(Array(4).fill('retired'));
    expect(await commands.source.manager.countBy(PlacementEntity, { tenantId: call.tenantId })).toBe(0);
    expect((await commands.send(new RetirePlacement(call))).bindings).toEqual([]);
  });

  it('takes nothing down that was handed over', async () => {
    await commands.addCell(10);
    const { call } = await reserved('live');
    await commands.source.manager.update(
      TenantEntity,
      { id: call.tenantId },
      { state: 'active', activatedAt: new Date() },
    );
    await expect(commands.send(new RetirePlacement(call))).rejects.toMatchObject({ code: 'tenant_handed_over' });
    expect(await commands.source.manager.countBy(PlacementEntity, { tenantId: call.tenantId })).toBe(4);
  });

  it('never gives a binding that served a tenant to another one', async () => {
    await commands.addCell(10);
    const { plan } = await reserved('first');
    const second = await reserved('second');
    const [binding] = plan.bindings;
    const steal = commands.source.manager.update(
      BindingEntity,
      { id: binding!.bindingId },
      { tenantId: second.call.tenantId },
    );
    await expect(steal).rejects.toThrow('already served tenant');
  });

  it('lets an epoch only grow', async () => {
    await commands.addCell(10);
    const { call } = await reserved('riverside');
    const where = { tenantId: call.tenantId, layer: 'key' as const };
    await commands.source.manager.update(PlacementEntity, where, { epoch: '7' });
    await expect(commands.source.manager.update(PlacementEntity, where, { epoch: '7' })).rejects.toThrow('must grow');
  });

  it('promises nothing to a tenant whose onboarding was given up', async () => {
    await commands.addCell(10);
    const call = callOf(await commands.createTenant('abandoned', 'pooled', 'clinic-per-provider'));
    await commands.source.manager.update(TenantEntity, { id: call.tenantId }, { state: 'abandoned' });
    await expect(commands.send(new ReservePlacement(call))).rejects.toMatchObject({ code: 'tenant_not_provisioning' });
    expect(await commands.source.manager.count(BindingEntity)).toBe(0);
  });

  it('refuses a tenant that is not there, and stores nothing', async () => {
    const call = { operationId: newId('operation'), tenantId: newId('tenant') };
    await expect(commands.send(new ReservePlacement(call))).rejects.toMatchObject({ code: 'tenant_not_found' });
    expect(await commands.source.manager.count(BindingEntity)).toBe(0);
  });
});
