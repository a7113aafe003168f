import type { TierRecommendation } from '../classification/recommend-tier.js';
import type { CalendarDate } from '../commercial/calendar-date.js';
import type { Money } from '../commercial/money.js';
import type { QuotedQuota } from '../placement/cloud-quotas.js';
import type { Isolation, Layer, ServiceClass } from '../placement/layers.js';
import type { LayerCost, Margin } from '../pricing/layer-costs.js';
import type { LayerChange, MoveEstimate } from '../pricing/move-estimate.js';
import type { PlanChange } from '../pricing/plan-change.js';
import type { RetentionSpec } from '../provisioning/specs.js';
import type { BillingInterval } from '../templates/template-types.js';
import type { ApprovalRule } from './approvals.js';
import type { QuotedKind } from './change-states.js';

export interface QuotedVersion {
  readonly name: string;
  readonly version: number;
}

/** One side of the comparison. */
export interface QuotedOffer {
  readonly tier: QuotedVersion;
  readonly plan: QuotedVersion;
  readonly quantity: number;
  readonly layers: Readonly<Record<Layer, Isolation>>;
  readonly serviceClass: ServiceClass;
  readonly retention: RetentionSpec;
  readonly modules: readonly string[];
  readonly quotas: Readonly<Record<string, number>>;
  readonly price: Money;
  readonly interval: BillingInterval;
  readonly monthlyPrice: Money;
}

export interface QuoteDifference {
  readonly modulesAdded: readonly string[];
  readonly modulesRemoved: readonly string[];
  readonly quotas: readonly { readonly name: string; readonly from: number; readonly to: number }[];
  readonly layers: readonly LayerChange[];
  readonly yearlyPrice: Money;
}

/** A rule as it is kept in a quote: words, not the text's structure. */
export interface QuotedRule {
  readonly layer: Layer;
  readonly id: string;
  readonly says: string;
  readonly met: boolean;
  readonly detail: string;
}

export interface ComparedModel {
  readonly model: string;
  readonly monthlyCost: Money;
  readonly yearlyCost: Money;
  readonly margin: Margin;
  readonly eligible: boolean;
  /** Whether the quoted plan is sold with it. */
  readonly offered: boolean;
}

/** What is promised, and on what grounds. Stored as it is and never changed; its hash is what people approve. */
export interface Quote {
  readonly tenantId: string;
  readonly kind: QuotedKind;
  readonly destructive: boolean;
  readonly effectiveOn: CalendarDate;
  readonly from: QuotedOffer;
  readonly to: QuotedOffer;
  readonly difference: QuoteDifference;
  readonly eligible: boolean;
  readonly eligibility: { readonly policy: QuotedVersion; readonly rules: readonly QuotedRule[] };
  /** What the cloud account has left of what the change needs; empty where nobody has looked yet. */
  readonly cloudQuotas: readonly QuotedQuota[];
  readonly proration: Pick<PlanChange, 'changesOn' | 'period' | 'invoiced' | 'used' | 'credit' | 'dueFirst'> & {
    readonly firstInvoice: Money;
  };
  readonly cost: {
    readonly estimate: true;
    readonly priceTable: QuotedVersion;
    readonly pricesAsOf: CalendarDate;
    readonly layers: readonly LayerCost[];
    readonly monthly: Money;
    readonly margin: Margin;
  };
  readonly move: MoveEstimate;
  readonly comparison: readonly ComparedModel[];
  readonly recommendation: TierRecommendation;
  readonly approval: ApprovalRule;
}
