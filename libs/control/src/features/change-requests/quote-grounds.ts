import {
  calendarDate,
  canonicalDigest,
  dateOf,
  factValues,
  type PlanTemplate,
  type Region,
  type TierTemplate,
} from '@bulkhead/domain';
import type { Offered, QuoteGrounds } from '@bulkhead/domain/change-requests';
import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import {
  currentFacts,
  eligibilityPolicy,
  loadTenant,
  newestPublished,
  PlacementEntity,
  PlanEntity,
  priceTable,
  quotaStandings,
  requireSold,
  SubscriptionEntity,
  TierEntity,
  unknownOffer,
  type TenantEntity,
} from '@bulkhead/store';
import type { EntityManager } from 'typeorm';

/** What somebody wants; what is left out stays as it is. */
export interface ChangeTarget {
  readonly tenantId: TenantId;
  readonly tier?: string;
  readonly plan?: string;
  readonly quantity?: number;
  /** Day on which it takes effect; today when left out. */
  readonly effectiveOn?: string;
}

/** What is true of the tenant now, which a quote starts from. */
export interface PresentState {
  readonly tenant: TenantEntity;
  readonly subscription: SubscriptionEntity;
  readonly offered: Offered;
  /** SHA-256 (hexadecimal) of everything that must not have changed when the quote is applied. */
  readonly basis: string;
}

/** @throws BulkheadError `tenant_of_proof` (409) for one that nobody buys for, `tenant_not_active` (409) unless tenant and subscription are active. */
export async function loadPresent(
  manager: EntityManager,
  tenantId: TenantId,
  { locked = false }: { locked?: boolean } = {},
): Promise<PresentState> {
  const tenant = await loadTenant(manager, tenantId, { locked });
  requireCustomer(tenant);
  const subscription = await manager.findOneByOrFail(SubscriptionEntity, { tenantId });
  if (tenant.state !== 'active' || subscription.state !== 'active') throw notActive(tenant.state, subscription.state);
  const tier = await manager.findOneByOrFail(TierEntity, { name: tenant.tierName, version: tenant.tierVersion });
  const plan = await manager.findOneByOrFail(PlanEntity, { name: tenant.planName, version: tenant.planVersion });
  const { quantity } = tenant;
  const offered = { tier: tier.spec as TierTemplate, plan: plan.spec as PlanTemplate, quantity };
  return { tenant, subscription, offered, basis: await basisOf(manager, tenant, subscription) };
}

/** @throws BulkheadError `tenant_of_proof` (409). */
function requireCustomer({ probeOf }: TenantEntity): void {
  if (probeOf === null) return;
  throw new BulkheadError({
    code: 'tenant_of_proof',
    status: 409,
    publicMessage: 'The tenant belongs to the isolation proof: it is nobody’s, is not billed and does not change.',
    remediation: 'Name the tenant of a customer.',
  });
}

async function basisOf(
  manager: EntityManager,
  tenant: TenantEntity,
  subscription: SubscriptionEntity,
): Promise<string> {
  const placements = await manager.find(PlacementEntity, { where: { tenantId: tenant.id }, order: { layer: 'ASC' } });
  const { region, tierName, tierVersion, planName, planVersion, quantity, state } = tenant;
  return canonicalDigest({
    tenant: { region, tierName, tierVersion, planName, planVersion, quantity, state },
    subscription: { id: subscription.id, state: subscription.state, startsOn: startsOn(subscription) },
    placement: placements.map(({ layer, bindingId, epoch }) => [layer, bindingId, epoch]),
  });
}

/** First day of the present plan. */
export function startsOn({ startsOn: changed, createdAt }: SubscriptionEntity) {
  return changed === null ? dateOf(createdAt) : calendarDate(changed);
}

/**
 * Collects what a quote for the target is made of.
 * @throws BulkheadError `nothing_to_change`, `invalid_effective_date` and the refusals of an offer (422),
 * `price_table_missing`, `eligibility_policy_missing`, `tenant_of_proof`, `tenant_not_active` (409).
 */
export async function loadGrounds(
  manager: EntityManager,
  target: ChangeTarget,
): Promise<{ grounds: QuoteGrounds; present: PresentState }> {
  const present = await loadPresent(manager, target.tenantId);
  const { tenant, subscription, offered } = present;
  const wanted = await wantedOffer(manager, target, offered);
  if (sameOffer(wanted, offered)) throw nothingToChange();
  const grounds: QuoteGrounds = {
    tenantId: tenant.id,
    region: tenant.region as Region,
    current: { ...offered, startsOn: startsOn(subscription) },
    wanted,
    effectiveOn: effectiveDay(target.effectiveOn),
    facts: factValues(await currentFacts(manager, tenant.id)),
    policy: await eligibilityPolicy(manager),
    prices: await priceTable(manager),
    tiers: await newestPublished(manager, 'tier'),
    cloudQuotas: await quotaStandings(manager, tenant.region),
  };
  return { grounds, present };
}

async function wantedOffer(manager: EntityManager, target: ChangeTarget, present: Offered): Promise<Offered> {
  const tiers = await newestPublished(manager, 'tier');
  const plans = await newestPublished(manager, 'plan');
  const tier = target.tier === undefined ? present.tier : tiers.find(({ name }) => name === target.tier);
  const plan = target.plan === undefined ? present.plan : plans.find(({ name }) => name === target.plan);
  if (!tier) throw unknownOffer('tier', tiers);
  if (!plan) throw unknownOffer('plan', plans);
  const quantity = target.quantity ?? present.quantity;
  requireSold({ tier, plan }, quantity, plans);
  return { tier, plan, quantity };
}

function sameOffer(a: Offered, b: Offered): boolean {
  const key = ({ tier, plan, quantity }: Offered) =>
    `${tier.name}@${tier.version} ${plan.name}@${plan.version} ${quantity}`;
  return key(a) === key(b);
}

const LATEST_DAYS = 365;

/** @throws BulkheadError `invalid_effective_date` (422): a day from today to a year from now. */
export function effectiveDay(text: string | undefined) {
  const today = dateOf(new Date());
  const day = text === undefined ? today : calendarDate(text);
  const latest = dateOf(new Date(Date.now() + LATEST_DAYS * 86_400_000));
  if (today <= day && day <= latest) return day;
  throw new BulkheadError({
    code: 'invalid_effective_date',
    status: 422,
    publicMessage: `A change takes effect on a day from ${today} to ${latest}.`,
    remediation: 'Send another effectiveOn, or leave it out for today.',
    errors: [{ pointer: '/effectiveOn', message: `A day from ${today} to ${latest}.` }],
  });
}

function nothingToChange(): BulkheadError {
  return new BulkheadError({
    code: 'nothing_to_change',
    status: 422,
    publicMessage: 'The tenant has this tier, plan and quantity already.',
    remediation: 'Send another tier, plan or quantity.',
  });
}

function notActive(tenant: string, subscription: string): BulkheadError {
  return new BulkheadError({
    code: 'tenant_not_active',
    status: 409,
    publicMessage: `Only an active tenant with an active subscription can change; it is ${tenant}, its subscription ${subscription}.`,
    remediation: 'Finish the onboarding, resume the tenant, or settle what is owed first.',
  });
}
