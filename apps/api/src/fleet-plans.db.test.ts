import { BeginPlanStack, ClosePlanStack, FinishPlanStack, RecordStack, TakeStateLosses } from '@bulkhead/control';
import {
  lossDigest,
  planExpiry,
  planHashOf,
  stateDigest,
  type FleetPlan,
  type PlannedStack,
  type PlannedStep,
} from '@bulkhead/domain/fleet';
import { newId, type OperationId } from '@bulkhead/kernel';
import { ApiFixture, type Answer } from './testing/api.fixture.js';
import { asSuperuser } from './testing/token-tools.js';

// A plan is kept as CI made it, applied by its hash, and refused once anything that it rests on has moved.

const digest = `sha256:${'a'.repeat(64)}`;
const stack = 'landing-zone.us-east-1';
const urn = `urn:pulumi:${stack}::bulkhead::aws:s3/bucket:Bucket::audit-bucket`;
const state = {
  resources: [{ urn, type: 'aws:s3/bucket:Bucket', inputs: { bucket: 'b', acl: 'private' } }],
  pending: 0,
};
const step: PlannedStep = {
  urn,
  type: 'aws:s3/bucket:Bucket',
  name: 'audit-bucket',
  operation: 'update',
  properties: [],
};

let api: ApiFixture;
beforeEach(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
  await api.asWorker(new RecordStack({ stack, state, appliedDigest: null }));
});
afterEach(() => api.stop());

const planned = (changes: Partial<PlannedStack> = {}): PlannedStack => ({
  ...{ stack, program: 'landing-zone', tenants: [], result: 'changes', reason: null, monthly: null },
  ...{ wantedDigest: digest, stateDigest: stateDigest(state), notes: [], violations: [], steps: [step] },
  ...changes,
});
function planOf(changes: Partial<FleetPlan> = {}): FleetPlan {
  const createdAt = new Date().toISOString();
  const content = {
    ...{
      kind: 'bulkhead-fleet-plan' as const,
      format: 2 as const,
      code: digest,
      templates: [],
      base: null,
      head: null,
    },
    ...{ bundle: { createdAt, source: 'test' }, expiresAt: planExpiry(createdAt), prices: null, monthly: null },
    ...{ policies: [], blocked: false, exitCode: 2 as const, problems: [], stacks: [planned()] },
    ...changes,
  };
  return { ...content, planHash: planHashOf(content) };
}
const keep = (plan: object, token?: string) => api.post('/v1/fleet/plans', { plan }, token ? { token } : {});
const apply = (planHash: string, body: object = {}) => api.post(`/v1/fleet/plans/${planHash}/apply`, body);
const refusal = ({ status, body }: Answer) => [status, body.errorCode];

describe('a plan', () => {
  it('is kept once, whatever order its members come in, and shown with what it changes', async () => {
    const plan = planOf();
    const first = await keep(plan);
    expect(first).toMatchObject({
      status: 201,
      body: { planHash: plan.planHash, code: digest, stacks: [{ stack, state: 'untouched', update: 1, losses: 0 }] },
    });
    const turned = Object.fromEntries(Object.entries(plan).toReversed());
    expect((await keep(turned)).body.keptAt).toBe(first.body.keptAt);
    expect((await api.get(`/v1/fleet/plans/${plan.planHash}`)).body).toEqual(first.body);
    expect((await api.get(`/v1/fleet/plans/${digest}`)).status).toBe(404);
  });

  it('may be as large as a fleet makes it, and no other body may', async () => {
    const stacks = Array.from({ length: 2000 }, (_, at) => planned({ stack: `cell.cel_${at}`, result: 'unchanged' }));
    const large = planOf({ stacks: [planned(), ...stacks] });
    expect(JSON.stringify(large).length).toBeGreaterThan(512 * 1024);
    expect((await keep(large)).status).toBe(201);
    expect((await api.post('/v1/change-requests/state-loss', large)).status).toBe(413);
  });

  it('is taken from platform admins only', async () => {
    const token = await api.issuer.token({ roles: ['ci', 'sales-ops'], sub: 'pipeline' });
    expect((await keep(planOf(), token)).status).toBe(403);
  });

  it.each([
    ['no plan', () => ({ kind: 'other' }), 422, 'plan_invalid'],
    ['one that was changed', () => ({ ...planOf(), blocked: true }), 422, 'plan_invalid'],
    ['one that lasts too long', () => planOf({ expiresAt: '2099-01-01T00:00:00Z' }), 422, 'plan_invalid'],
    ['one that is over', () => planOf({ expiresAt: '2020-01-01T00:00:00Z' }), 409, 'plan_expired'],
    ['a blocked one', () => planOf({ blocked: true, exitCode: 3 }), 409, 'plan_blocked'],
    [
      'one that broke a rule and hides it',
      () => planOf({ stacks: [planned({ violations: [{ rule: 'r', urn, message: 'm' }] })] }),
      409,
      'plan_blocked',
    ],
    [
      'one with a stack that failed',
      () => planOf({ stacks: [planned(), planned({ stack: 'cell.x', result: 'failed' })] }),
      409,
      'plan_incomplete',
    ],
    ['one that changes nothing', () => planOf({ stacks: [planned({ result: 'unchanged' })] }), 409, 'nothing_to_apply'],
    ['a stack twice', () => planOf({ stacks: [planned(), planned()] }), 422, 'plan_invalid'],
    ['stacks that are none', () => planOf({ stacks: [planned({ stack: 'x y' })] }), 422, 'plan_invalid'],
  ] as const)('is refused: %s', async (_what, made, status, code) => {
    expect(refusal(await keep(made()))).toEqual([status, code]);
  });
});

describe('applying a plan', () => {
  const kept = async (changes: Partial<FleetPlan> = {}) => (await keep(planOf(changes))).body.planHash as string;

  it('starts one operation with a step for each stack, in the order of what stands on what, one at a time', async () => {
    const cell = `cell.${newId('cell')}`;
    await api.asWorker(new RecordStack({ stack: cell, state, appliedDigest: null }));
    const hash = await kept({ stacks: [planned({ stack: cell }), planned()] });
    const { status, body, headers } = await apply(hash, { parallel: 3 });
    expect([status, headers['location']]).toEqual([202, `/v1/operations/${body.operation.id}`]);
    const { kind, steps } = (await api.get(`/v1/operations/${body.operation.id}`)).body;
    expect([kind, steps.map(({ name }: { name: string }) => name)]).toEqual(['fleet.apply', [stack, cell]]);
    expect(refusal(await apply(hash))).toEqual([409, 'operation_in_progress']);
  });

  it('is refused when a state has moved since, before anything is touched', async () => {
    const hash = await kept();
    await api.asWorker(new RecordStack({ stack, state: { ...state, pending: 1 }, appliedDigest: null }));
    const { answer, grown } = await api.effectOf(() => apply(hash));
    expect(refusal(answer)).toEqual([409, 'plan_stale']);
    expect(answer.body.detail).toContain(stack);
    expect(grown).toEqual({ audit_queue: 1 });
  });

  it('is refused after the plan’s end, for a plan that nobody kept, and for more than there may be at once', async () => {
    const plan = planOf();
    await keep(plan);
    // Only time can do this: the row is final.
    await asSuperuser(
      api,
      `set session_replication_role = replica; update control.fleet_plans set expires_at = now() where hash = '${plan.planHash}'`,
    );
    expect(refusal(await apply(plan.planHash))).toEqual([409, 'plan_expired']);
    expect(refusal(await apply(digest))).toEqual([404, 'fleet_plan_not_found']);
    expect((await apply(await kept(), { parallel: 9 })).status).toBe(400);
  });

  it('is refused while a loss of state is not approved, and again under a legal hold', async () => {
    const loss: PlannedStep = { ...step, operation: 'delete' };
    const lost = { layer: null, digest: lossDigest(stack, loss) };
    const hash = await kept({ stacks: [planned({ steps: [{ ...loss, loss: lost, approvedBy: 'chg_of_somebody' }] })] });
    expect(refusal(await apply(hash))).toEqual([409, 'loss_not_approved']);
    const losses = [{ urn, operation: 'delete', ...lost }];
    const asked = await api.post('/v1/change-requests/state-loss', { stack, losses, planHash: hash, reason: 'moved' });
    for (const sub of ['anna', 'bert']) {
      const token = await api.issuer.token({ roles: ['approver'], sub });
      await api.post(`/v1/change-requests/${asked.body.id}/approve`, { hash: asked.body.hash }, { token });
    }
    const { tenantId } = await api.onboard();
    const { body: hold } = await api.post('/v1/legal-holds', { tenantId, matter: 'Doe', reason: 'letter' });
    expect(refusal(await apply(hash))).toEqual([409, 'loss_not_approved']);
    const take = (urnOf = urn) =>
      api.asWorker(
        new TakeStateLosses({ operationId, stack, losses: [{ tenantId: undefined, step: { ...loss, urn: urnOf } }] }),
      );
    const token = await api.issuer.token({ roles: ['platform-admin', 'auditor'], sub: 'olga' });
    const release = () => api.post(`/v1/legal-holds/${hold.id}/release`, { reason: 'settled' }, { token });
    let operationId = newId('operation');
    await expect(take()).rejects.toMatchObject({ code: 'legal_hold' });
    await release();
    operationId = (await apply(hash)).body.operation.id as OperationId;
    await expect(take(`${urn}x`)).rejects.toMatchObject({ code: 'loss_not_approved' });
    await take();
    // Taken again by the same operation after a crash, and by no other.
    await take();
    const late = await api.post('/v1/legal-holds', { tenantId, matter: 'Doe', reason: 'letter' });
    expect(refusal(late)).toEqual([409, 'destruction_in_progress']);
    expect(late.body.remediation).toContain(`/v1/operations/${operationId}/cancel`);
    operationId = newId('operation');
    await expect(take()).rejects.toMatchObject({ code: 'loss_not_approved' });
  });
});

describe('the last word before a stack changes', () => {
  const begun = async () => {
    const planHash = (await keep(planOf())).body.planHash as string;
    const operationId = (await apply(planHash)).body.operation.id as OperationId;
    const begin = (digestNow: string | null, { by = operationId, forgets = false } = {}) =>
      api.asWorker(
        new BeginPlanStack({ operationId: by, planHash, stack, stateDigest: digestNow, tiers: [], forgets }),
      );
    return { planHash, operationId, begin };
  };

  it('is no when the real state is another, and yes again to the same operation once it has begun', async () => {
    const { planHash, operationId, begin } = await begun();
    await expect(begin(digest)).rejects.toMatchObject({ code: 'plan_stale', retryable: false });
    await begin(stateDigest(state));
    // Its worker was killed: what it left has moved, by its own hand.
    await begin(digest);
    await api.asWorker(new FinishPlanStack({ operationId, planHash, stack, outputs: {}, tiers: [] }));
    const end = () =>
      asSuperuser(api, `update control.operations set state = 'failed', finished_at = now() where finished_at is null`);
    await end();
    // Its tenants were not bound anew: that is done again, though the state has moved since.
    await api.asWorker(new RecordStack({ stack, state: { ...state, pending: 1 }, appliedDigest: null }));
    expect((await apply(planHash)).status).toBe(202);
    await end();
    await api.asWorker(new ClosePlanStack({ operationId, planHash, stack }));
    expect((await api.get(`/v1/fleet/plans/${planHash}`)).body.stacks[0]).toMatchObject({
      state: 'applied',
      operationId,
    });
    expect(refusal(await apply(planHash))).toEqual([409, 'nothing_to_apply']);
  });

  it('is no when the tenant has another tier than the one that the stack would be made from', async () => {
    const { tenantId } = await api.onboard();
    const { tier } = (await api.get(`/v1/tenants/${tenantId}`)).body;
    const own = `dedicated-tenant.${newId('stack')}`;
    await api.asWorker(new RecordStack({ stack: own, state, appliedDigest: null }));
    const planHash = (await keep(planOf({ stacks: [planned({ stack: own })] }))).body.planHash as string;
    const operationId = (await apply(planHash)).body.operation.id as OperationId;
    const begin = (version: number) => {
      const tiers = [{ tenantId, name: tier.name, version }];
      const beginning = { operationId, planHash, stack: own, stateDigest: stateDigest(state), tiers, forgets: false };
      return api.asWorker(new BeginPlanStack(beginning));
    };
    await expect(begin(tier.version + 1)).rejects.toMatchObject({ code: 'plan_stale', retryable: false });
    await begin(tier.version);
  });

  it('is no under a legal hold when data would be kept for less long', async () => {
    const { begin } = await begun();
    const { tenantId } = await api.onboard();
    await api.post('/v1/legal-holds', { tenantId, matter: 'Doe', reason: 'letter' });
    await expect(begin(stateDigest(state), { forgets: true })).rejects.toMatchObject({ code: 'legal_hold' });
    await begin(stateDigest(state));
  });
});
