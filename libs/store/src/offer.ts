import { planCharge, type PlanTemplate, type TierTemplate } from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';
import { newestPublished } from './published.js';

/** A tier and a plan that go together: for a new tenant the newest published versions. */
export interface Offer {
  readonly tier: TierTemplate;
  readonly plan: PlanTemplate;
}

/**
 * Finds tier and plan by name and checks that they go together and that the quantity is sold.
 * @throws BulkheadError `unknown_tier`, `unknown_plan`, `tier_not_in_plan`, `plan_not_for_tier` or `invalid_quantity`
 * (all 422), each naming what would do.
 */
export async function findOffer(
  manager: EntityManager,
  wanted: { tier: string; plan: string; quantity: number },
): Promise<Offer> {
  const tiers = await newestPublished(manager, 'tier');
  const plans = await newestPublished(manager, 'plan');
  const tier = tiers.find(({ name }) => name === wanted.tier);
  const plan = plans.find(({ name }) => name === wanted.plan);
  if (!tier) throw unknownOffer('tier', tiers);
  if (!plan) throw unknownOffer('plan', plans);
  requireSold({ tier, plan }, wanted.quantity, plans);
  return { tier, plan };
}

/**
 * Checks that a tier and a plan go together and that the quantity is sold.
 * @param plans others to name in a refusal.
 * @throws BulkheadError `tier_not_in_plan`, `plan_not_for_tier` or `invalid_quantity` (422).
 */
export function requireSold({ tier, plan }: Offer, quantity: number, plans: readonly PlanTemplate[]): void {
  if (!plan.tiers.includes(tier.name)) throw tierNotInPlan(tier, plan, plans);
  if (!tier.requires.planKinds.includes(plan.kind)) throw planNotForTier(tier, plan, plans);
  planCharge(plan, quantity);
}

/** The refusal of a name that nobody published. */
export function unknownOffer(kind: 'tier' | 'plan', known: readonly { name: string }[]): BulkheadError {
  const names = known.map(({ name }) => name).join(', ');
  return refusal(`unknown_${kind}`, `There is no ${kind} of this name.`, `/${kind}`, {
    remediation: names
      ? `Choose one of the published ${kind}s: ${names}.`
      : `No ${kind} has been published yet. Start the worker: it publishes tenant-templates.`,
  });
}

function tierNotInPlan(tier: TierTemplate, plan: PlanTemplate, plans: readonly PlanTemplate[]): BulkheadError {
  return refusal('tier_not_in_plan', `Plan ${plan.name} is not sold with tier ${tier.name}.`, '/tier', {
    remediation: `With this plan choose tier ${plan.tiers.join(' or ')}${otherPlans(tier, plans)}.`,
  });
}

function planNotForTier(tier: TierTemplate, plan: PlanTemplate, plans: readonly PlanTemplate[]): BulkheadError {
  const kinds = tier.requires.planKinds.join(' or ');
  return refusal(
    'plan_not_for_tier',
    `Tier ${tier.name} is for ${kinds} plans, and ${plan.name} is a ${plan.kind} plan.`,
    '/plan',
    {
      remediation: `Choose another tier${otherPlans(tier, plans)}.`,
    },
  );
}

function otherPlans(tier: TierTemplate, plans: readonly PlanTemplate[]): string {
  const fitting = plans.filter(
    ({ tiers, kind }) => tiers.includes(tier.name) && tier.requires.planKinds.includes(kind),
  );
  if (fitting.length === 0) return '';
  return `, or for tier ${tier.name} one of the plans ${fitting.map(({ name }) => name).join(', ')}`;
}

function refusal(
  code: string,
  publicMessage: string,
  pointer: string,
  { remediation }: { remediation: string },
): BulkheadError {
  return new BulkheadError({
    code,
    status: 422,
    publicMessage,
    remediation,
    errors: [{ pointer, message: publicMessage }],
  });
}
