import { programCode, type RunRequest, type StackPlan } from '@bulkhead/automation';
import { BeginPlanStack, FinishPlanStack, RecordStack, TakeStateLosses, type PlanTarget } from '@bulkhead/control';
import type { TierTemplate } from '@bulkhead/domain';
import { appliedDigest, stateDigest, type PlannedStack, type PlannedStep } from '@bulkhead/domain/fleet';
import { BulkheadError, newId, type OperationId } from '@bulkhead/kernel';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from './dependencies.js';
import { fleetActivities } from './fleet.activities.js';

// What a worker does with one stack of a plan, which is only ever as trustworthy as the pull request that made it.

const digest = `sha256:${'a'.repeat(64)}`;
const [tenantId, stackId, bindingId] = [newId('tenant'), newId('stack'), newId('binding')];
const stack = `dedicated-tenant.${stackId}`;
const spec = {
  stackId,
  tenantId,
  region: 'us-east-1' as const,
  retention: { backupDays: 1, objectVersionDays: 1, logDays: 1 },
};
const request = { program: 'dedicated-tenant' as const, spec };
const step = (changes: Partial<PlannedStep> = {}): PlannedStep => ({
  ...{
    urn: 'urn:db',
    type: 'aws:rds/instance:Instance',
    name: 'database-instance',
    operation: 'update',
    properties: [],
  },
  ...changes,
});
const state = { resources: [], pending: 0 };
const layers = { database: 'dedicated', storage: 'shared', key: 'shared', queue: 'shared' } as const;
const place = { bindingId, cellId: null, rosterId: null, stackId };

function targetOf(planned: Partial<PlannedStack> = {}, changes: Partial<PlanTarget> = {}): PlanTarget {
  const tier = { name: 'hybrid', version: 2, layers } as TierTemplate;
  return {
    plan: { code: programCode(), templates: [{ name: 'hybrid', version: 2, digest }] },
    planned: {
      ...{ stack, program: 'dedicated-tenant', tenants: [], result: 'changes', reason: null, monthly: null, notes: [] },
      ...{ wantedDigest: appliedDigest(request, programCode()), stateDigest: digest, violations: [], steps: [step()] },
      ...planned,
    },
    wanted: { stack, request, tenantIds: [tenantId], notes: [] },
    tenants: [
      {
        ...{ id: tenantId, slug: 'lakeside', region: 'us-east-1', tier: { name: 'hybrid', version: 1 } },
        bindings: [{ ...place, layer: 'database', isolation: 'dedicated' }],
      },
    ],
    published: [{ name: 'hybrid', version: 2, digest }],
    tiers: new Map([['hybrid', tier]]),
    bindings: new Map(),
    progress: null,
    ...changes,
  };
}

/** Applies it with an engine that would do `rehearsed`, and a control plane that answers as it is told to. */
async function apply(
  target: PlanTarget,
  {
    rehearsed = {},
    refusing,
    operationId = newId('operation'),
  }: { rehearsed?: Partial<StackPlan>; refusing?: (command: unknown) => boolean; operationId?: OperationId } = {},
) {
  const seen: { sent: object[]; ran: boolean; losing: readonly string[] } = { sent: [], ran: false, losing: [] };
  const dependencies = {
    fleetPlans: { target: async () => target },
    automation: {
      run: async ({ confirm }: RunRequest) => {
        const plan = { steps: [step()], violations: [], failures: [], durationMs: 1, ...rehearsed };
        seen.losing = (await confirm?.(plan, state)) ?? [];
        seen.ran = true;
        return { outputs: {}, state };
      },
      recordedState: async () => state,
    },
    gate: {
      execute: async (command: object) => {
        seen.sent.push(command);
        if (refusing?.(command))
          throw new BulkheadError({ code: 'no', status: 409, publicMessage: 'No.', remediation: 'N' });
      },
    },
    logger: { warn: () => undefined },
  } as unknown as Dependencies;
  const activities = fleetActivities(dependencies);
  const call = { operationId, planHash: digest, stack };
  const ended = await new MockActivityEnvironment()
    .run((input: typeof call) => activities.applyPlanStack(input), call)
    .catch((error: unknown) => error as BulkheadError);
  return { ...seen, ended, kinds: seen.sent.map((command) => command.constructor) };
}

it('runs what the control plane wants, and moves the tenant to the version that it was made from', async () => {
  const { ended, ran, sent } = await apply(targetOf());
  expect([ended, ran]).toEqual([{ tenantIds: [tenantId] }, true]);
  expect(sent).toEqual([
    expect.objectContaining({
      begun: expect.objectContaining({ stack, stateDigest: stateDigest(state), forgets: false }),
    }),
    expect.any(RecordStack),
    expect.objectContaining({
      finished: expect.objectContaining({ tiers: [{ tenantId, name: 'hybrid', version: 2 }] }),
    }),
  ]);
  expect(sent[0]).toBeInstanceOf(BeginPlanStack);
  expect(sent[2]).toBeInstanceOf(FinishPlanStack);
});

it('does nothing where the plan has been applied already', async () => {
  const applied = targetOf({}, { progress: { state: 'applied', operationId: newId('operation') } });
  expect(await apply(applied)).toMatchObject({ ended: { tenantIds: [] }, ran: false, sent: [] });
});

it('names everyone again, and runs nothing, where the run has ended well and the rest may be missing', async () => {
  const made = targetOf({}, { progress: { state: 'made', operationId: newId('operation') } });
  expect(await apply(made)).toMatchObject({ ended: { tenantIds: [tenantId] }, ran: false, sent: [] });
});

it('names everyone where this operation was cut off before, whatever is left to do', async () => {
  const operationId = newId('operation');
  const same = { name: 'hybrid', version: 2 };
  const tenants = targetOf().tenants.map((one) => ({ ...one, tier: same }));
  const of = (by: OperationId) => targetOf({}, { tenants, progress: { state: 'begun', operationId: by } });
  expect((await apply(of(operationId), { operationId })).ended).toEqual({ tenantIds: [tenantId] });
  expect((await apply(of(newId('operation')), { operationId })).ended).toEqual({ tenantIds: [] });
});

const moved = { ...layers, key: 'dedicated' as const };
const shared = { ...place, layer: 'key' as const, isolation: 'shared' as const };
const [tenant] = targetOf().tenants;
it.each([
  ['other programs than this worker’s', targetOf({}, { plan: { ...targetOf().plan, code: digest } }), 'plan_differs'],
  [
    'a tier that is not published',
    targetOf({}, { published: [{ name: 'hybrid', version: 1, digest }] }),
    'plan_differs',
  ],
  [
    'a tier with other content',
    targetOf({}, { published: [{ name: 'hybrid', version: 2, digest: 'sha256:x' }] }),
    'plan_differs',
  ],
  ['another specification', targetOf({ wantedDigest: digest }), 'plan_differs'],
  ['a stack that is not live', targetOf({}, { wanted: undefined }), 'stack_not_applied'],
  [
    'layers that would have to move',
    targetOf(
      {},
      {
        tenants: [{ ...tenant!, bindings: [...tenant!.bindings, shared] }],
        tiers: new Map([['hybrid', { name: 'hybrid', version: 2, layers: moved } as TierTemplate]]),
      },
    ),
    'stack_not_applied',
  ],
])('starts no run for a plan that was made with %s', async (_what, target, code) => {
  expect(await apply(target)).toMatchObject({ ended: { code, retryable: false }, ran: false, sent: [] });
});

it.each([
  ['something that the plan does not say', { steps: [step(), step({ urn: 'urn:other' })] }, 'plan_differs'],
  ['more than the plan says of it', { steps: [step({ operation: 'replace' })] }, 'plan_differs'],
  ['a broken rule', { violations: [{ rule: 'key-rotates', urn: 'u', message: 'm' }] }, 'stack_not_applied'],
  ['a failure', { error: 'The program threw.' }, 'stack_not_applied'],
] as const)(
  'ends a run before it begins that would come to %s, and leaves what is recorded as it is',
  async (_what, rehearsed, code) => {
    expect(await apply(targetOf(), { rehearsed })).toMatchObject({ ended: { code }, ran: false, sent: [] });
  },
);

it('goes on with what is left of a replacement that was cut off', async () => {
  const target = targetOf({ steps: [step({ operation: 'replace' })] });
  expect(await apply(target, { rehearsed: { steps: [step({ operation: 'create' })] } })).toMatchObject({
    ran: true,
    losing: [],
  });
});

it('makes again what a loss took along, when it has begun before, and only then', async () => {
  const rehearsed = {
    steps: [step({ operation: 'create' }), step({ urn: 'urn:alarm', type: 'alarm', operation: 'create' })],
  };
  const planned = { steps: [step({ operation: 'replace' })] };
  const operationId = newId('operation');
  const progress = { state: 'begun' as const, operationId };
  expect(await apply(targetOf(planned, { progress }), { rehearsed, operationId })).toMatchObject({ ran: true });
  expect(await apply(targetOf(planned, { progress }), { rehearsed })).toMatchObject({ ran: false });
  const deleting = { steps: [step({ operation: 'create' }), step({ urn: 'urn:alarm', operation: 'delete' })] };
  const other = await apply(targetOf(planned, { progress }), { rehearsed: deleting, operationId });
  expect([other.ran, other.ended]).toEqual([false, expect.objectContaining({ code: 'plan_differs' })]);
});

describe('a loss of state', () => {
  const loss = step({ operation: 'replace' });
  const lossy = { rehearsed: { steps: [loss] } };
  // The plan says nothing of a loss: what it says is not what is asked.
  const target = targetOf({ steps: [{ ...loss, approvedBy: 'chg_made_up' }] });

  it('is found here, taken by name before anything is touched, and only then allowed', async () => {
    const { kinds, sent, losing, ran, ended } = await apply(target, lossy);
    expect(kinds.slice(0, 2)).toEqual([TakeStateLosses, BeginPlanStack]);
    expect(sent[0]).toMatchObject({ taken: { stack, losses: [{ tenantId, step: loss }] } });
    expect([ran, losing, ended]).toEqual([true, ['urn:db'], { tenantIds: [tenantId] }]);
  });

  it('that is not approved ends the run before it begins', async () => {
    const refusing = (command: unknown) => command instanceof TakeStateLosses;
    const { kinds, ran, ended } = await apply(target, { ...lossy, refusing });
    expect([kinds, ran, ended]).toEqual([[TakeStateLosses], false, expect.objectContaining({ code: 'no' })]);
  });
});
