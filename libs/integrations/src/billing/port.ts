import type { CalendarDate, Currency, PlanTemplate, ScheduledInvoice, UnusedCredit } from '@bulkhead/domain';
import { BulkheadError, type TenantId } from '@bulkhead/kernel';

/** What a provider needs to know of a plan; a published plan is one. */
export type BilledPlan = Pick<
  PlanTemplate,
  'name' | 'version' | 'title' | 'currency' | 'interval' | 'price' | 'paymentTermDays'
>;

export interface CustomerRequest {
  readonly tenantId: TenantId;
  readonly name: string;
  readonly idempotencyKey: string;
}

export interface SubscriptionRequest {
  readonly tenantId: TenantId;
  readonly customerRef: string;
  readonly plan: BilledPlan;
  readonly quantity: number;
  /** First day that is paid for; today or a day of the period that runs today. */
  readonly startsOn: CalendarDate;
  readonly idempotencyKey: string;
}

export interface InvoiceScheduleRequest {
  readonly customerRef: string;
  readonly subscriptionRef: string;
  /** From `invoiceSchedule` of the domain, earliest first, at least one: Bulkhead sets the prices, a provider bills them. */
  readonly invoices: readonly ScheduledInvoice[];
  readonly idempotencyKey: string;
}

export interface InvoiceRef {
  readonly ref: string;
  readonly dueDate: CalendarDate;
  readonly amountMinor: number;
  readonly currency: Currency;
}

export interface GrantRequest {
  readonly customerRef: string;
  /** The whole set of modules: what is missing here is taken away. */
  readonly features: readonly string[];
}

export interface UsageRequest {
  readonly customerRef: string;
  /** Name of what is counted, e.g. `apiRequests`. */
  readonly meter: string;
  /** Whole number of at least 0. */
  readonly quantity: number;
  /** Identifies the event for ever: the same event is counted once. */
  readonly eventId: string;
  /** At most 35 days ago (Stripe's limit). */
  readonly at: Date;
}

export interface CancellationRequest {
  readonly subscriptionRef: string;
  /**
   * Invoices for periods that start on this day or later are voided. The compensation of an onboarding passes the
   * subscription's first day, so that nobody pays for what never began; an ordinary cancellation passes tomorrow.
   */
  readonly voidFrom: CalendarDate;
  readonly idempotencyKey: string;
}

/** Ends one plan and begins another on a day, with the amounts of `planChange` of the domain. */
export interface PlanChangeRequest {
  readonly tenantId: TenantId;
  readonly customerRef: string;
  /** The live subscription, which ends. */
  readonly subscriptionRef: string;
  readonly plan: BilledPlan;
  readonly quantity: number;
  /** First day of the new plan; today or earlier, within the period that runs today. */
  readonly changesOn: CalendarDate;
  /**
   * Given back for the invoice of the period that runs on that day; null when nothing is. An invoice whose period begins
   * that day is voided as a whole where the provider lets it be: nothing of it was used.
   */
  readonly credit: UnusedCredit | null;
  /** The new plan's invoices, from that day on. */
  readonly invoices: readonly ScheduledInvoice[];
  readonly idempotencyKey: string;
}

export interface PlanChanged {
  /** The new live subscription. */
  readonly subscriptionRef: string;
  readonly invoiceScheduleRef: string;
  readonly invoices: readonly InvoiceRef[];
  readonly creditRef: string | null;
}

/** What a provider holds of one customer, for reconciliation. Lists are sorted by ref, features by name. */
export interface BillingAccount {
  readonly customerRef: string;
  readonly tenantId: string;
  readonly name: string;
  readonly subscriptions: readonly {
    readonly ref: string;
    readonly plan: string;
    readonly planVersion: number;
    readonly quantity: number;
    readonly state: 'active' | 'cancelled';
  }[];
  /** Issued and not voided: what the customer owes or has paid. Invoices of later periods are not issued yet. */
  readonly invoices: readonly InvoiceRef[];
  /** Credit notes: what was given back of those invoices. */
  readonly credits: readonly { readonly ref: string; readonly invoiceRef: string; readonly amountMinor: number }[];
  readonly features: readonly string[];
  readonly usage: Readonly<Record<string, number>>;
}

/**
 * Where money is booked. Every method may be called again after a crash or a lost answer: with the same key (or event
 * id) and the same input it has the same effect as one call and gives the same refs. One customer per tenant and one
 * live subscription per customer.
 *
 * A subscription bills by itself, so an invoice schedule's ref is its subscription's.
 *
 * All methods throw BulkheadError: `idempotency_key_reused` (422) when the key was used with other input,
 * `billing_unknown` (404) for a ref that does not exist, `billing_conflict` (409) when the provider's state forbids it,
 * `billing_unavailable` (503, retryable) when the provider cannot answer now.
 */
export interface BillingProvider {
  ensureCustomer(request: CustomerRequest): Promise<{ readonly customerRef: string }>;
  ensureSubscription(request: SubscriptionRequest): Promise<{ readonly subscriptionRef: string }>;
  ensureInvoiceSchedule(
    request: InvoiceScheduleRequest,
  ): Promise<{ readonly invoiceScheduleRef: string; readonly invoices: readonly InvoiceRef[] }>;
  /** Grant the new plan's modules afterwards: they are not part of it. */
  changePlan(request: PlanChangeRequest): Promise<PlanChanged>;
  /** Needs a live subscription. */
  grantEntitlements(request: GrantRequest): Promise<void>;
  recordUsage(request: UsageRequest): Promise<void>;
  /** Ends the subscription now, and with it the customer's features. */
  cancelSubscription(request: CancellationRequest): Promise<void>;
  inspect(customerRef: string): Promise<BillingAccount>;
}

export function keyReused(): BulkheadError {
  return new BulkheadError({
    code: 'idempotency_key_reused',
    status: 422,
    publicMessage: 'This idempotency key was used with other input before.',
    remediation: 'Send the input of the first call again, or a new key for a new intent.',
  });
}

export function billingUnknown(what: string): BulkheadError {
  return new BulkheadError({
    code: 'billing_unknown',
    status: 404,
    publicMessage: `The billing provider knows no such ${what}.`,
    remediation: `Create the ${what} first, and check that the ref belongs to this billing provider.`,
  });
}

export function billingConflict(publicMessage: string, remediation: string): BulkheadError {
  return new BulkheadError({ code: 'billing_conflict', status: 409, publicMessage, remediation });
}

/** @throws BulkheadError `invalid_usage` (422): a negative or broken quantity would be billed as a refund or not at all. */
export function checkUsage({ quantity, eventId, at }: UsageRequest): void {
  const problems = [
    ...(Number.isSafeInteger(quantity) && quantity >= 0
      ? []
      : [{ pointer: '/quantity', message: 'A whole number of at least 0.' }]),
    ...(eventId.length >= 1 && eventId.length <= 100
      ? []
      : [{ pointer: '/eventId', message: 'From 1 to 100 characters.' }]),
    ...(Number.isNaN(at.getTime()) ? [{ pointer: '/at', message: 'An instant.' }] : []),
  ];
  if (problems.length === 0) return;
  throw new BulkheadError({
    code: 'invalid_usage',
    status: 422,
    publicMessage: 'The usage event cannot be counted.',
    remediation: 'Mend the fields named in errors[] and send the event again.',
    errors: problems,
  });
}
