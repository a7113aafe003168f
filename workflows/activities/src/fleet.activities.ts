import { holdsData, programCode, type StackPlan } from '@bulkhead/automation';
import { BeginPlanStack, FinishPlanStack, TakeStateLosses, type PlanTarget } from '@bulkhead/control';
import type { FleetActivities, PlanStackCall } from '@bulkhead/definitions';
import { type ProgramRequest } from '@bulkhead/domain';
import {
  appliedDigest,
  forgets,
  judgeLosses,
  stateDigest,
  type PlannedStep,
  type RecordedState,
} from '@bulkhead/domain/fleet';
import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import { send, type Dependencies } from './dependencies.js';
import { runRecorded } from './provisioning.activities.js';

/**
 * Applies fleet plans. A plan was made by whatever a pull request had in it, so nothing of it is run and none of it is
 * believed: specifications come from the control plane, programs are this worker's own, and what a run would do is found
 * out here, on the real state. The plan only bounds it.
 */
export function fleetActivities(dependencies: Dependencies): FleetActivities {
  return {
    async applyPlanStack(call) {
      const { planHash, stack, operationId } = call;
      const target = await dependencies.fleetPlans.target(planHash, stack);
      const { progress } = target;
      if (progress?.state === 'applied') return { tenantIds: [] };
      // What a try that was cut off has lost is not known any more: binding once more changes nothing.
      const everyone = target.tenants.map(({ id }) => id);
      if (progress?.state === 'made') return { tenantIds: everyone };
      const request = requestOf(stack, target);
      let rebind = progress?.operationId === operationId;
      const outputs = await runRecorded(dependencies, {
        request,
        action: 'up',
        operationId,
        confirm: async (plan, state) => {
          const losses = await confirmed(dependencies, call, { target, request, plan, state });
          rebind ||= losses.length > 0;
          return losses;
        },
      });
      const tiers = newTiers(stack, target);
      await send(dependencies, new FinishPlanStack({ operationId, planHash, stack, outputs, tiers }));
      return { tenantIds: rebind ? everyone : tiers.map(({ tenantId }) => tenantId) };
    },
  };
}

/** What to run: made here from what is published and placed now, and only if it is what was previewed. */
function requestOf(stack: string, target: PlanTarget): ProgramRequest {
  const { plan, planned, wanted, published, tenants, tiers } = target;
  const other = plan.templates.find(
    ({ name, version, digest }) =>
      !published.some((tier) => tier.name === name && tier.version === version && tier.digest === digest),
  );
  if (other) throw differs(`the tier ${other.name}@${other.version} of the plan is not the newest published one`);
  if (plan.code !== programCode()) throw differs('this worker runs other programs than the plan was made with');
  if (!wanted?.request) throw unfit(stack, 'it would be gone, or is not live any more');
  const moving = tenants.find(({ tier, bindings }) => {
    const layers = tiers.get(tier.name)?.layers;
    return layers && bindings.some(({ layer, isolation }) => layers[layer] !== isolation);
  });
  if (moving)
    throw unfit(stack, `layers of ${moving.slug} would change between shared and dedicated, which takes a move`);
  if (appliedDigest(wanted.request, programCode()) !== planned.wantedDigest)
    throw differs(`${stack} would get another specification than was previewed`);
  return wanted.request;
}

interface Rehearsed {
  readonly target: PlanTarget;
  readonly request: ProgramRequest;
  readonly plan: StackPlan;
  readonly state: RecordedState | null;
}

/** The last checks, while the run holds the stack. Answers what may be lost. */
async function confirmed(
  dependencies: Dependencies,
  { operationId, planHash, stack }: PlanStackCall,
  { target, request, plan, state }: Rehearsed,
): Promise<readonly string[]> {
  refuseFailed(stack, plan);
  refuseBeyond(stack, plan.steps, target, target.progress?.operationId === operationId);
  const tenantIds = target.tenants.map(({ id }) => id);
  const place = { stack, program: request.program, tenantIds, bindings: target.bindings };
  const judged = judgeLosses(plan.steps, place, { holdsData, approved: [], now: new Date() });
  const losses = judged.flatMap(({ loss, tenantId }, at) => (loss ? [{ tenantId, step: plan.steps[at]! }] : []));
  if (losses.length > 0) await send(dependencies, new TakeStateLosses({ operationId, stack, losses }));
  const begun = {
    stateDigest: state && stateDigest(state),
    tiers: target.tenants.map(({ id, tier: { name, version } }) => ({ tenantId: id, name, version })),
    forgets: plan.steps.some(forgets),
  };
  await send(dependencies, new BeginPlanStack({ operationId, planHash, stack, ...begun }));
  return losses.map(({ step }) => step.urn);
}

function refuseFailed(stack: string, { error, failures, violations }: StackPlan): void {
  const why = error ?? failures.map(({ name, message }) => `${name}: ${message}`).join(' ');
  const broken = violations.map(({ rule }) => rule).join(', ');
  if (why) throw unfit(stack, `a run of it would fail: ${why}`);
  if (broken) throw unfit(stack, `it would break ${broken}`);
}

/**
 * What is left of a change after a run that was cut off is less than the whole, never something else.
 * @param again this operation has begun with the stack before: what a loss took along is made again.
 */
function refuseBeyond(stack: string, steps: readonly PlannedStep[], { planned }: PlanTarget, again: boolean): void {
  const known = new Map(planned.steps.map(({ urn, operation }) => [urn, operation]));
  const beyond = steps.find(({ urn, operation }) => {
    const wanted = known.get(urn);
    if (again && wanted !== 'delete' && operation === 'create') return false;
    return wanted !== operation && !(wanted === 'replace' && (operation === 'create' || operation === 'update'));
  });
  if (beyond) throw differs(`a run of ${stack} would ${beyond.operation} ${beyond.urn}, which the plan does not say`);
}

/** The tier versions that the stack of a tenant was made from now. */
function newTiers(
  stack: string,
  { tenants, tiers }: PlanTarget,
): { readonly tenantId: TenantId; readonly name: string; readonly version: number }[] {
  if (!stack.startsWith('dedicated-tenant.')) return [];
  return tenants.flatMap(({ id, tier }) => {
    const newest = tiers.get(tier.name);
    return newest && newest.version !== tier.version
      ? [{ tenantId: id, name: newest.name, version: newest.version }]
      : [];
  });
}

function differs(why: string): BulkheadError {
  return new BulkheadError({
    code: 'plan_differs',
    status: 409,
    publicMessage: `The plan is not what would be applied: ${why}.`,
    remediation:
      'Let the workers run what was merged and publish its templates; or preview again and apply the new plan.',
  });
}

function unfit(stack: string, why: string): BulkheadError {
  return new BulkheadError({
    code: 'stack_not_applied',
    status: 409,
    publicMessage: `${stack} was not touched: ${why}.`,
    remediation: 'Mend the cause, preview again and apply the new plan. Moves are asked for with a change request.',
  });
}
