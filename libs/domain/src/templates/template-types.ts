import type { CalendarDate } from '../commercial/calendar-date.js';
import type { Currency } from '../commercial/currency.js';
import type { Isolation, Layer, Region, ServiceClass } from '../placement/layers.js';
import type { RetentionSpec } from '../provisioning/specs.js';

/** Kind of a template, by the folder of tenant-templates that it lies in. */
export const TEMPLATE_FOLDERS = {
  tiers: 'tier',
  plans: 'plan',
  'policy-packs': 'policy-pack',
  onboarding: 'onboarding',
  eligibility: 'eligibility',
  prices: 'price-table',
} as const;
export type TemplateFolder = keyof typeof TEMPLATE_FOLDERS;
export type TemplateKind = (typeof TEMPLATE_FOLDERS)[TemplateFolder];

/** Who a plan is sold to. A tier says which of them may have it. */
export const PLAN_KINDS = ['clinic', 'practice', 'enterprise'] as const;
export type PlanKind = (typeof PLAN_KINDS)[number];

/** Order in which tiers receive a release: canary first, late last. */
export const RELEASE_COHORTS = ['canary', 'early', 'general', 'late'] as const;
export type ReleaseCohort = (typeof RELEASE_COHORTS)[number];

export const PRICE_MODELS = ['per-provider', 'per-clinic', 'flat'] as const;
export type PriceModel = (typeof PRICE_MODELS)[number];

export const BILLING_INTERVALS = ['month', 'year'] as const;
export type BillingInterval = (typeof BILLING_INTERVALS)[number];

/** What every template has. `name` and `version` identify it; a published version never changes. */
export interface TemplateHeader {
  readonly name: string;
  /** Counts from 1. */
  readonly version: number;
  readonly title: string;
  readonly description: string;
}

/** `name@version`: pins the referred template, so that a published tier means the same for ever. */
export type TemplateRef = `${string}@${number}`;

/** The operational promise: isolation, service class, release cohort, retention, and who may have it. */
export interface TierTemplate extends TemplateHeader {
  readonly layers: Readonly<Record<Layer, Isolation>>;
  readonly serviceClass: ServiceClass;
  readonly releaseCohort: ReleaseCohort;
  readonly retention: RetentionSpec;
  /** Present exactly when the database layer is dedicated. */
  readonly database?: { readonly instanceClass: string; readonly storageGb: number };
  readonly requires: { readonly planKinds: readonly PlanKind[] };
  readonly policyPack: TemplateRef;
  readonly onboarding: TemplateRef;
}

export interface PlanPrice {
  readonly model: PriceModel;
  /** Price of one unit (one provider, one clinic, or the whole for `flat`) and interval, in minor units. */
  readonly unitAmountMinor: number;
  /** Recurs each interval whatever the quantity, as an invoice line of its own; minor units. */
  readonly platformFeeMinor?: number;
}

/** The commercial offer. `tiers` are names, not versions: a tier may improve without the plan being sold anew. */
export interface PlanTemplate extends TemplateHeader {
  readonly kind: PlanKind;
  readonly currency: Currency;
  readonly interval: BillingInterval;
  readonly price: PlanPrice;
  /** Days from the start of a period to the due date of its invoice. */
  readonly paymentTermDays: number;
  readonly modules: readonly string[];
  /** Most of each thing that a subscriber may have. What has no quota here may not be used at all. */
  readonly quotas: Readonly<Record<string, number>>;
  readonly tiers: readonly string[];
}

/** Security, access and retention defaults that tiers must meet. */
export interface PolicyPackTemplate extends TemplateHeader {
  /** Least retention that a tier with this pack may promise. */
  readonly retention: {
    readonly minimumBackupDays: number;
    readonly minimumObjectVersionDays: number;
    readonly minimumLogDays: number;
  };
  readonly access: {
    readonly multiFactorRequired: boolean;
    readonly sessionMinutes: number;
    readonly supportGrantMinutes: number;
    readonly breakGlassApprovals: number;
  };
  readonly security: {
    readonly minimumTls: '1.2' | '1.3';
    readonly keyRotationDays: number;
    readonly servingTokenMinutes: number;
  };
}

export const MILESTONE_OWNERS = ['platform', 'customer', 'partner'] as const;

export interface MilestoneTemplate {
  readonly code: string;
  readonly title: string;
  readonly owner: (typeof MILESTONE_OWNERS)[number];
  /** `workflow`: the onboarding workflow completes it; `person`: somebody confirms it. */
  readonly completedBy: 'workflow' | 'person';
  /** Days after contract activation. */
  readonly dueDays: number;
  /** Codes of milestones that come first. */
  readonly after: readonly string[];
}

export interface OnboardingTemplate extends TemplateHeader {
  readonly milestones: readonly MilestoneTemplate[];
}

/** Who may have layers of its own: rules as text (Cedar), see `@bulkhead/domain/eligibility`. */
export interface EligibilityTemplate extends TemplateHeader {
  readonly policy: string;
}

/** Prices of one month in one region, minor units of the table's currency. */
export interface RegionPrices {
  /** A tenant's part of a cell. */
  readonly shared: Readonly<Record<Layer, number>>;
  readonly dedicated: Readonly<Record<Exclude<Layer, 'database'>, number>> & {
    /** A database by its instance class. */
    readonly instances: Readonly<Record<string, number>>;
    /** One GB of a database's storage. */
    readonly databaseGb: number;
  };
  /** An account, a network and an application of the customer's own. */
  readonly singleTenant: number;
}

/** What layers cost the vendor: an estimate of a day, with the limits that approvals go by. */
export interface PriceTableTemplate extends TemplateHeader {
  readonly currency: Currency;
  /** Day on which the prices were looked up. */
  readonly asOf: CalendarDate;
  /** Where they were looked up. */
  readonly source: string;
  readonly approvals: {
    /** Below this margin (hundredths of a percent of the price) two people approve. */
    readonly marginFloorBasisPoints: number;
    /** From this change of a year's price on two people approve. */
    readonly twoPeopleFromYearlyMinor: number;
  };
  readonly regions: Readonly<Partial<Record<Region, RegionPrices>>>;
}

/** The body of each kind. */
export interface TemplateBodies {
  readonly tier: TierTemplate;
  readonly plan: PlanTemplate;
  readonly 'policy-pack': PolicyPackTemplate;
  readonly onboarding: OnboardingTemplate;
  readonly eligibility: EligibilityTemplate;
  readonly 'price-table': PriceTableTemplate;
}

/** A problem of one template file. Line and column count from 1. */
export interface TemplateProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** JSON pointer (RFC 6901) into the document; empty for the whole. */
  readonly pointer: string;
  /** Starts with `file:line:column`, so that terminals link it. */
  readonly message: string;
}

/** A template that passed its schema. */
export interface ParsedTemplate<K extends TemplateKind = TemplateKind> {
  readonly kind: K;
  readonly file: string;
  readonly body: TemplateBodies[K];
  /** {@link templateDigest} of the body. */
  readonly digest: string;
  /** Makes a problem that points at a place of this file. */
  readonly problemAt: (pointer: string, message: string) => TemplateProblem;
}

/** One file to read: `file` is relative to tenant-templates, e.g. `tiers/pooled.yaml`. */
export interface TemplateSource {
  readonly file: string;
  readonly text: string;
}

export interface TemplateSet {
  readonly tiers: readonly ParsedTemplate<'tier'>[];
  readonly plans: readonly ParsedTemplate<'plan'>[];
  readonly policyPacks: readonly ParsedTemplate<'policy-pack'>[];
  readonly onboarding: readonly ParsedTemplate<'onboarding'>[];
  readonly eligibility: readonly ParsedTemplate<'eligibility'>[];
  readonly prices: readonly ParsedTemplate<'price-table'>[];
}
