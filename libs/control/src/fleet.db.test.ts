import {
  appliedDigest,
  planExpiry,
  planHashOf,
  wantedStacks,
  type FleetStack,
  type FleetTenant,
  type PlannedStack,
} from '@bulkhead/domain/fleet';
import { newId } from '@bulkhead/kernel';
import { FleetPlanEntity, newestPublished, openControlDatabase, TenantEntity, tenantsAtHome } from '@bulkhead/store';
import { callOf, startCommands, type Commands } from './commands.fixture.js';
import { PlacementReader } from './features/placements/placement-reader.js';
import { RecordDedicatedStack, RecordRosterRun } from './features/placements/record-outcome.js';
import { ReservePlacement } from './features/placements/reserve-placement.js';
import { FleetPlanReader } from './features/fleet/fleet-plan-reader.js';
import { FleetReader } from './features/fleet/fleet-reader.js';
import { RecordStack } from './features/fleet/record-stack.js';

let commands: Commands;
let fleet: FleetReader;
beforeEach(async () => {
  commands = await startCommands();
  fleet = new FleetReader(commands.source);
});
afterEach(() => commands.close());

/** A tenant that was handed over, with what its onboarding recorded. */
async function live(slug: string, tier: string, plan = 'enterprise-health-system') {
  const call = callOf(await commands.createTenant(slug, tier, plan));
  const placement = await commands.send(new ReservePlacement(call));
  const { shared, dedicated } = placement;
  if (shared) {
    const registered = shared.bindings.map((binding) => ({ ...binding, locator: 'somewhere' }));
    await commands.send(new RecordRosterRun({ rosterId: shared.rosterId, registered, removed: [] }));
  }
  if (dedicated) {
    const outputs = { storage: { bucket: 'b', arn: 'a' }, key: { keyArn: 'k', alias: 'a' } };
    await commands.send(new RecordDedicatedStack({ stackId: dedicated.stackId, outputs }));
  }
  await commands.source.manager.update(
    TenantEntity,
    { id: call.tenantId },
    { state: 'active', activatedAt: new Date() },
  );
  return { tenantId: call.tenantId, placement };
}

async function allStacks(limit = 50): Promise<FleetStack[]> {
  const found: FleetStack[] = [];
  for (let more = true, last: string | undefined; more;) {
    const page = await fleet.stacks({ limit, ...(last !== undefined && { starting_after: last }) });
    found.push(...(page.data as FleetStack[]));
    [more, last] = [page.hasMore, page.data.at(-1)?.stack];
  }
  return found;
}

it('specifies each live stack as the worker’s next run would, page by page in the order of names', async () => {
  await commands.addCell(10);
  const hybrid = await live('lakeside', 'hybrid-storage');
  await live('riverside', 'pooled', 'clinic-per-provider');
  const stacks = await allStacks(1);
  expect(stacks.map(({ stack }) => stack)).toEqual(stacks.map(({ stack }) => stack).toSorted());
  expect(stacks.map(({ request }) => request.program)).toEqual(['cell', 'dedicated-tenant', 'roster']);
  const [, dedicated, roster] = stacks;
  expect(dedicated?.request.spec).toEqual(JSON.parse(JSON.stringify(hybrid.placement.dedicated)));
  const reader = commands.context.get(PlacementReader, { strict: false });
  const { rosterId } = hybrid.placement.shared!;
  expect(roster?.request.spec).toEqual(await reader.rosterSpec(rosterId, { registering: [] }));
  expect(roster?.tenantIds).toHaveLength(2);
  expect(await allStacks(50)).toEqual(stacks);
});

it('tells nothing of what is only promised, and tenants only when they were handed over', async () => {
  await commands.addCell(10);
  const { tenantId } = await live('live', 'pooled', 'clinic-per-provider');
  await commands.send(
    new ReservePlacement(callOf(await commands.createTenant('promised', 'dedicated', 'enterprise-health-system'))),
  );
  expect((await allStacks()).map(({ request }) => request.program)).toEqual(['cell', 'roster']);
  const { data } = await fleet.tenants({ limit: 10 });
  expect(data).toMatchObject([{ id: tenantId, slug: 'live', tier: { name: 'pooled', version: 1 } }]);
  expect((data as FleetTenant[])[0]?.bindings.map(({ layer, isolation }) => [layer, isolation])).toEqual(
    ['database', 'key', 'queue', 'storage'].map((layer) => [layer, 'shared']),
  );
});

it('shows what the last run left, forgets a stack that is gone, and trusts no digest of a failed run', async () => {
  await commands.addCell(10);
  await live('lakeside', 'hybrid-storage');
  const [, { stack, request } = { stack: '', request: undefined }] = await allStacks();
  const state = { resources: [{ urn: 'urn:x', type: 't', inputs: { a: 1 } }], pending: 0 };
  const digest = appliedDigest(request!, 'sha256:code');
  await commands.send(new RecordStack({ stack, state, appliedDigest: digest }));
  const shown = async () => (await allStacks()).find((one) => one.stack === stack);
  expect(await shown()).toMatchObject({ state, appliedDigest: digest, recordedAt: expect.stringMatching(/^20/) });
  const older = { resources: [], pending: 0 };
  await commands.send(new RecordStack({ stack, state: older, appliedDigest: null, unlessKnown: true }));
  expect(await shown()).toMatchObject({ state, appliedDigest: digest });
  await commands.send(new RecordStack({ stack, state, appliedDigest: null }));
  expect(await shown()).toMatchObject({ state, appliedDigest: null });
  await commands.send(new RecordStack({ stack, state: null, appliedDigest: null }));
  expect(await shown()).toMatchObject({ state: null, recordedAt: null });
});

it('makes of each stack of a plan what a preview of the whole fleet makes of it', async () => {
  await commands.addCell(10);
  await live('lakeside', 'hybrid-storage');
  await live('riverside', 'pooled', 'clinic-per-provider');
  const { data: tenants } = await fleet.tenants({ limit: 10 });
  const tiers = new Map((await newestPublished(commands.source.manager, 'tier')).map((tier) => [tier.name, tier]));
  const wanted = wantedStacks(await allStacks(), tenants as FleetTenant[], tiers);
  const [createdAt, digest] = [new Date().toISOString(), `sha256:${'a'.repeat(64)}`];
  const stacks = wanted.map(({ stack }): PlannedStack => ({
    ...{ stack, program: 'x', tenants: [], result: 'changes', reason: null, monthly: null, notes: [] },
    ...{ wantedDigest: digest, stateDigest: digest, violations: [], steps: [] },
  }));
  const content = {
    ...{ kind: 'bulkhead-fleet-plan' as const, format: 2 as const, code: digest, base: null, head: null, prices: null },
    ...{ templates: [{ name: 'pooled', version: 1, digest }], bundle: { createdAt, source: 'x' }, monthly: null },
    ...{ expiresAt: planExpiry(createdAt), policies: [], blocked: false, exitCode: 2 as const, problems: [], stacks },
  };
  const planHash = planHashOf(content);
  // Only the API may keep one.
  const api = await openControlDatabase(commands.database.apiUrl, 1);
  const kept = { hash: planHash, plan: { ...content, planHash }, expiresAt: new Date(content.expiresAt), keptBy: 'u' };
  await api.manager.insert(FleetPlanEntity, kept);
  await api.destroy();
  const reader = new FleetPlanReader(commands.source, fleet);
  const targets = await Promise.all(wanted.map(({ stack }) => reader.target(planHash, stack)));
  expect(targets.map((target) => target.wanted?.request)).toEqual(wanted.map(({ request }) => request));
  expect(targets.map(({ published }) => published.map(({ name, version }) => [name, version]))).toEqual(
    wanted.map(() => [['pooled', 1]]),
  );
});

it('knows who lives in a cell or a stack, by their database or their key, from the moment that a place is reserved', async () => {
  const cellId = await commands.addCell(10);
  const { tenantId, placement } = await live('lakeside', 'hybrid-storage');
  const newcomer = callOf(await commands.createTenant('newcomer', 'pooled', 'clinic-per-provider'));
  await commands.send(new ReservePlacement(newcomer));
  const home = (stack: string, kind: 'database' | 'key') =>
    tenantsAtHome(commands.source.manager, stack, kind, { locked: true });
  const both = [tenantId, newcomer.tenantId].toSorted();
  for (const kind of ['database', 'key'] as const) expect(await home(`cell.${cellId}`, kind)).toEqual(both);
  const own = `dedicated-tenant.${placement.dedicated!.stackId}`;
  expect([await home(own, 'database'), await home(own, 'key')]).toEqual([[], [tenantId]]);
});

it('may be recorded by the worker only', async () => {
  const command = new RecordStack({ stack: `cell.${newId('cell')}`, state: null, appliedDigest: null });
  await expect(commands.send(command, 'ci')).rejects.toMatchObject({ status: 403 });
});
