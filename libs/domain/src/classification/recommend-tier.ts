import { LAYERS, type Layer } from '../placement/layers.js';
import type { TierTemplate } from '../templates/template-types.js';
import { FACTS, type FactName, type FactValues } from './facts.js';

/** One row of the table: a risk, and the layer that answers it. */
interface RiskRule {
  readonly layer: Layer;
  readonly fact: FactName;
  readonly when: { readonly atLeast: number } | { readonly is: string | boolean };
  readonly because: string;
}

/** By operational risk, never by contract size: revenue stands in no row. Each row alone is reason enough. */
const RISKS: readonly RiskRule[] = [
  ...LAYERS.map((layer) => ({
    layer,
    fact: 'contractualSeparation' as const,
    when: { is: true },
    because: 'data must be physically apart',
  })),
  {
    layer: 'key',
    fact: 'regulatorySensitivity',
    when: { is: 'high' },
    because: 'the customer must be able to revoke its key',
  },
  {
    layer: 'storage',
    fact: 'regulatorySensitivity',
    when: { is: 'high' },
    because: 'documents need a boundary of their own',
  },
  {
    layer: 'database',
    fact: 'transactionsPerDay',
    when: { atLeast: 50_000 },
    because: 'its load would be felt by neighbours',
  },
  {
    layer: 'database',
    fact: 'providers',
    when: { atLeast: 200 },
    because: 'an outage of a neighbour would stop too many people',
  },
  {
    layer: 'storage',
    fact: 'storageGb',
    when: { atLeast: 2_000 },
    because: 'its documents are most of a shared bucket',
  },
  {
    layer: 'key',
    fact: 'storageGb',
    when: { atLeast: 2_000 },
    because: 'a bucket of its own is encrypted with a key of its own',
  },
  {
    layer: 'queue',
    fact: 'transactionsPerDay',
    when: { atLeast: 200_000 },
    because: 'its messages would fill shared lanes',
  },
  {
    layer: 'queue',
    fact: 'integrations',
    when: { atLeast: 25 },
    because: 'retries of its integrations would delay others',
  },
];

/** Facts without which a recommendation is a guess. */
const NEEDED = ['regulatorySensitivity', 'transactionsPerDay', 'integrations'] as const satisfies FactName[];

export interface TierReason {
  readonly layer: Layer;
  readonly fact: FactName;
  readonly text: string;
}

export interface TierRecommendation {
  /** The tier with the fewest dedicated layers that covers every need; null when none does. */
  readonly tier: string | null;
  readonly dedicatedLayers: readonly Layer[];
  readonly reasons: readonly TierReason[];
  /** Facts that were not recorded: with them the answer may differ. */
  readonly unknown: readonly FactName[];
}

/** Which tier a customer should have, and why. Facts that are not known count for nothing, and are named. */
export function recommendTier(
  facts: FactValues,
  tiers: readonly Pick<TierTemplate, 'name' | 'layers'>[],
): TierRecommendation {
  const reasons = RISKS.filter((rule) => applies(rule, facts)).map((rule) => ({
    layer: rule.layer,
    fact: rule.fact,
    text: `${rule.layer}: ${describe(rule, facts)}, so ${rule.because}`,
  }));
  const dedicatedLayers = LAYERS.filter((layer) => reasons.some((reason) => reason.layer === layer));
  const [tier] = tiers
    .filter(({ layers }) => dedicatedLayers.every((layer) => layers[layer] === 'dedicated'))
    .toSorted((a, b) => dedicatedCount(a) - dedicatedCount(b) || (a.name < b.name ? -1 : 1));
  return {
    tier: tier?.name ?? null,
    dedicatedLayers,
    reasons,
    unknown: NEEDED.filter((name) => facts[name] === undefined),
  };
}

function applies({ fact, when }: RiskRule, facts: FactValues): boolean {
  const value = facts[fact];
  if (value === undefined) return false;
  return 'atLeast' in when ? typeof value === 'number' && value >= when.atLeast : value === when.is;
}

function describe({ fact, when }: RiskRule, facts: FactValues): string {
  const rule = FACTS[fact];
  if ('atLeast' in when) return `${facts[fact]} ${'unit' in rule ? rule.unit : rule.title} (at least ${when.atLeast})`;
  return rule.kind === 'flag' ? `there is ${rule.title}` : `${rule.title} is ${facts[fact]}`;
}

function dedicatedCount({ layers }: Pick<TierTemplate, 'layers'>): number {
  return LAYERS.filter((layer) => layers[layer] === 'dedicated').length;
}
