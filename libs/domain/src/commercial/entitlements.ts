import type { PlanTemplate } from '../templates/template-types.js';
import type { CalendarDate } from './calendar-date.js';
import { COUNTED_QUOTA } from './plan-price.js';
import type { SubscriptionState } from './subscription.js';

/** What a tenant may use right now: a module, or a quota with its ceiling. */
export type Entitlement =
  | { readonly kind: 'module'; readonly feature: string; readonly source: EntitlementSource }
  | { readonly kind: 'quota'; readonly feature: string; readonly ceiling: number; readonly source: EntitlementSource };
export type EntitlementSource = 'plan' | 'override';

/** Agreed with one customer: grants or withholds a module, or sets a quota's ceiling. */
export type EntitlementOverride = (
  | { readonly kind: 'module'; readonly feature: string; readonly granted: boolean }
  | { readonly kind: 'quota'; readonly feature: string; readonly ceiling: number }
) & {
  /** Last day on which it applies; without it, until it is removed. */
  readonly lastDay?: CalendarDate;
};

/** States in which a subscriber may use what it bought. Past due is within its grace; all others, known or not, get nothing. */
const USABLE: ReadonlySet<string> = new Set<SubscriptionState>(['trial', 'active', 'past_due']);

/**
 * Derives entitlements from the plan, what was bought, overrides and the subscription's state, sorted by feature.
 * Fails closed: an unusable or unknown state, or no subscription, gives none; of two overrides for one feature the
 * narrower wins; a ceiling that is not a whole number of at least 0 counts as 0.
 * @param today decides which overrides still apply.
 */
export function deriveEntitlements({
  plan,
  quantity,
  state,
  overrides = [],
  today,
}: {
  readonly plan: Pick<PlanTemplate, 'modules' | 'quotas' | 'price'>;
  readonly quantity: number;
  readonly state: SubscriptionState | undefined;
  readonly overrides?: readonly EntitlementOverride[];
  readonly today: CalendarDate;
}): Entitlement[] {
  if (state === undefined || !USABLE.has(state)) return [];
  const applying = overrides.filter(({ lastDay }) => lastDay === undefined || today <= lastDay);
  return [...modules(plan.modules, applying), ...quotas(plan, quantity, applying)].toSorted((a, b) =>
    a.feature < b.feature ? -1 : 1,
  );
}

function modules(planned: readonly string[], overrides: readonly EntitlementOverride[]): Entitlement[] {
  const decided = new Map<string, boolean>();
  for (const override of overrides) {
    if (override.kind === 'module')
      decided.set(override.feature, override.granted && (decided.get(override.feature) ?? true));
  }
  const kept = planned.filter((feature) => decided.get(feature) !== false);
  const added = [...decided].filter(([feature, granted]) => granted && !planned.includes(feature));
  return [
    ...kept.map((feature) => ({ kind: 'module', feature, source: 'plan' }) as const),
    ...added.map(([feature]) => ({ kind: 'module', feature, source: 'override' }) as const),
  ];
}

function quotas(
  plan: Pick<PlanTemplate, 'quotas' | 'price'>,
  quantity: number,
  overrides: readonly EntitlementOverride[],
): Entitlement[] {
  const counted = COUNTED_QUOTA[plan.price.model];
  const ceilings = new Map<string, { ceiling: number; source: EntitlementSource }>();
  for (const [feature, most] of Object.entries(plan.quotas)) {
    // Who bought five providers may use five, however many the plan could sell.
    const ceiling = feature === counted ? Math.min(whole(most), whole(quantity)) : whole(most);
    ceilings.set(feature, { ceiling, source: 'plan' });
  }
  for (const { feature, ceiling } of overrides.filter((override) => override.kind === 'quota')) {
    const earlier = ceilings.get(feature);
    const narrower = earlier?.source === 'override' ? Math.min(earlier.ceiling, whole(ceiling)) : whole(ceiling);
    ceilings.set(feature, { ceiling: narrower, source: 'override' });
  }
  return [...ceilings].map(([feature, { ceiling, source }]) => ({ kind: 'quota', feature, ceiling, source }));
}

function whole(ceiling: number): number {
  return Number.isSafeInteger(ceiling) && ceiling >= 0 ? ceiling : 0;
}
