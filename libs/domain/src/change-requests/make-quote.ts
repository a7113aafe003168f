import type { FactValues } from '../classification/facts.js';
import { recommendTier } from '../classification/recommend-tier.js';
import type { CalendarDate } from '../commercial/calendar-date.js';
import { addMoney, money, scaleMoney, type Money } from '../commercial/money.js';
import { COUNTED_QUOTA, planCharge } from '../commercial/plan-price.js';
import { decideEligibility } from '../eligibility/eligibility.js';
import { quotedQuotas, type QuotaStanding } from '../placement/cloud-quotas.js';
import { LAYERS, type Isolation, type Layer, type Region } from '../placement/layers.js';
import { marginOf, monthlyPrice, singleTenantExtra, tierCost } from '../pricing/layer-costs.js';
import { estimateMove, layerChanges } from '../pricing/move-estimate.js';
import { planChange } from '../pricing/plan-change.js';
import type {
  EligibilityTemplate,
  PlanTemplate,
  PriceTableTemplate,
  TemplateHeader,
  TierTemplate,
} from '../templates/template-types.js';
import { approvalRule } from './approvals.js';
import type { ComparedModel, Quote, QuoteDifference, QuotedOffer, QuotedVersion } from './quote.js';

export interface Offered {
  readonly tier: TierTemplate;
  readonly plan: PlanTemplate;
  readonly quantity: number;
}

/** Everything that a quote is made of. */
export interface QuoteGrounds {
  readonly tenantId: string;
  readonly region: Region;
  readonly current: Offered & { readonly startsOn: CalendarDate };
  readonly wanted: Offered;
  readonly effectiveOn: CalendarDate;
  readonly facts: FactValues;
  readonly policy: EligibilityTemplate;
  readonly prices: PriceTableTemplate;
  /** Newest published tiers, for the comparison. */
  readonly tiers: readonly TierTemplate[];
  /** What is left in the cloud account. */
  readonly cloudQuotas: readonly QuotaStanding[];
}

/**
 * Makes a quote: pure, so the same grounds give the same quote and the same hash.
 * @throws BulkheadError `price_missing`, `currency_change`, `currency_mismatch`, `invalid_quantity` (422).
 */
export function makeQuote(grounds: QuoteGrounds): Quote {
  const { current, wanted, region, prices, facts, effectiveOn, tenantId } = grounds;
  const [from, to] = [quotedOffer(current), quotedOffer(wanted)];
  const layers = layerChanges(from.layers, to.layers);
  const rules = decide(grounds, gained(layers));
  const cost = tierCost(prices, wanted.tier, region);
  const margin = marginOf(to.monthlyPrice, cost.monthly);
  const kind = layers.length === 0 ? 'plan' : 'placement';
  const destructive = isDestructive(from, to);
  const difference = differenceOf(from, to);
  const yearlyDeltaMinor = difference.yearlyPrice.amountMinor;
  return {
    ...{ tenantId, kind, destructive, effectiveOn, from, to, difference },
    eligible: rules.every(({ met }) => met),
    eligibility: { policy: versionOf(grounds.policy), rules },
    cloudQuotas: quotedQuotas(gained(layers), grounds.cloudQuotas),
    proration: prorationOf(grounds),
    cost: { estimate: true, priceTable: versionOf(prices), pricesAsOf: prices.asOf, ...cost, margin },
    move: estimateMove(layers, typeof facts.storageGb === 'number' ? facts.storageGb : undefined),
    comparison: compareModels(grounds, to.monthlyPrice),
    recommendation: recommendTier(facts, grounds.tiers),
    approval: approvalRule(
      { kind, destructive, marginBasisPoints: margin.basisPoints, yearlyDeltaMinor },
      prices.approvals,
    ),
  };
}

function gained(changes: readonly { layer: Layer; to: Isolation }[]): Layer[] {
  return changes.filter(({ to }) => to === 'dedicated').map(({ layer }) => layer);
}

function decide({ policy, tenantId, facts, wanted }: QuoteGrounds, layers: readonly Layer[]) {
  const decided = decideEligibility(policy.policy, { tenantId, facts, planKind: wanted.plan.kind }, layers);
  return decided.flatMap(({ layer, rules }) =>
    rules.map(({ id, says, met, detail }) => ({ layer, id, says, met, detail })),
  );
}

function quotedOffer({ tier, plan, quantity }: Offered): QuotedOffer {
  const charge = planCharge(plan, quantity);
  return {
    tier: versionOf(tier),
    plan: versionOf(plan),
    quantity,
    layers: tier.layers,
    serviceClass: tier.serviceClass,
    retention: tier.retention,
    modules: plan.modules,
    quotas: quotasOf(plan, quantity),
    price: charge.total,
    interval: plan.interval,
    monthlyPrice: monthlyPrice(charge, plan.interval),
  };
}

/** As they are granted: who buys two clinics may use two, however many the plan could sell. */
function quotasOf(plan: PlanTemplate, quantity: number): Record<string, number> {
  const counted = COUNTED_QUOTA[plan.price.model];
  return Object.fromEntries(
    Object.entries(plan.quotas).map(([name, most]) => [name, name === counted ? Math.min(most, quantity) : most]),
  );
}

function differenceOf(from: QuotedOffer, to: QuotedOffer): QuoteDifference {
  const names = [...new Set([...Object.keys(from.quotas), ...Object.keys(to.quotas)])].toSorted();
  const yearly = ({ price, interval }: QuotedOffer): Money => scaleMoney(price, interval === 'month' ? 12 : 1);
  return {
    modulesAdded: to.modules.filter((name) => !from.modules.includes(name)),
    modulesRemoved: from.modules.filter((name) => !to.modules.includes(name)),
    quotas: names
      .map((name) => ({ name, from: from.quotas[name] ?? 0, to: to.quotas[name] ?? 0 }))
      .filter((quota) => quota.from !== quota.to),
    layers: layerChanges(from.layers, to.layers),
    yearlyPrice: addMoney(yearly(to), scaleMoney(yearly(from), -1)),
  };
}

function isDestructive(from: QuotedOffer, to: QuotedOffer): boolean {
  const givesUp = LAYERS.some((layer) => from.layers[layer] === 'dedicated' && to.layers[layer] === 'shared');
  const forgets = (['backupDays', 'objectVersionDays', 'logDays'] as const).some(
    (field) => to.retention[field] < from.retention[field],
  );
  return givesUp || forgets;
}

function prorationOf({ current, wanted, effectiveOn }: QuoteGrounds): Quote['proration'] {
  const { plan } = wanted;
  const running = {
    charge: planCharge(current.plan, current.quantity),
    startsOn: current.startsOn,
    interval: current.plan.interval,
  };
  const next = {
    charge: planCharge(plan, wanted.quantity),
    interval: plan.interval,
    paymentTermDays: plan.paymentTermDays,
  };
  const { invoices, ...proration } = planChange(running, next, effectiveOn);
  return { ...proration, firstInvoice: invoices[0]?.amount ?? money(0, plan.currency) };
}

/** What each tenancy model would cost for this tenant, from the cheapest on. */
function compareModels(grounds: QuoteGrounds, price: Money): ComparedModel[] {
  const { tiers, prices, region, wanted } = grounds;
  const rows = tiers.map((tier) => {
    const { monthly } = tierCost(prices, tier, region);
    const wantedLayers = LAYERS.filter((layer) => tier.layers[layer] === 'dedicated');
    const eligible = decide(grounds, wantedLayers).every(({ met }) => met);
    return compared(tier.name, monthly, price, eligible, wanted.plan.tiers.includes(tier.name));
  });
  const everything = tiers.find(({ layers }) => LAYERS.every((layer) => layers[layer] === 'dedicated'));
  if (everything) {
    const cost = addMoney(tierCost(prices, everything, region).monthly, singleTenantExtra(prices, region));
    const eligible = rows.some(({ model, eligible: may }) => model === everything.name && may);
    rows.push(compared('single-tenant', cost, price, eligible, false));
  }
  return rows.toSorted((a, b) => a.monthlyCost.amountMinor - b.monthlyCost.amountMinor);
}

function compared(model: string, monthlyCost: Money, price: Money, eligible: boolean, offered: boolean): ComparedModel {
  return {
    model,
    monthlyCost,
    yearlyCost: scaleMoney(monthlyCost, 12),
    margin: marginOf(price, monthlyCost),
    eligible,
    offered,
  };
}

function versionOf({ name, version }: Pick<TemplateHeader, 'name' | 'version'>): QuotedVersion {
  return { name, version };
}
