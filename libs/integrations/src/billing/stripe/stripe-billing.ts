import {
  billingPeriods,
  dateOf,
  startOfDay,
  type BillingInterval,
  type CalendarDate,
  type Currency,
} from '@bulkhead/domain';
import { BulkheadError, type Redacted } from '@bulkhead/kernel';
import { Stripe } from 'stripe';
import {
  billingConflict,
  billingUnknown,
  checkUsage,
  keyReused,
  type BillingAccount,
  type BillingProvider,
  type CancellationRequest,
  type CustomerRequest,
  type GrantRequest,
  type InvoiceRef,
  type InvoiceScheduleRequest,
  type PlanChanged,
  type PlanChangeRequest,
  type SubscriptionRequest,
  type UsageRequest,
} from '../port.js';
import { readAccount } from './stripe-account.js';
import { callStripe, existsAlready } from './stripe-call.js';
import { ensureFeaturePrice, ensurePlanPrices, featureOfPrice } from './stripe-catalogue.js';
import { ensureCreditNote } from './stripe-credits.js';
import { ensureFirstInvoice, voidInvoices } from './stripe-invoices.js';
import { ensureMeter } from './stripe-meters.js';

/** Version of Stripe's API that the requests and answers here were written against. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

export interface StripeBillingOptions {
  /** Restricted API key. */
  readonly apiKey: Redacted;
  /** Per request, milliseconds. */
  readonly timeoutMs?: number;
  /** Repeats of one request after a lost answer or a lock at Stripe, with the same idempotency key. */
  readonly networkRetries?: number;
  readonly now?: () => Date;
}

/**
 * Billing at Stripe. Stripe forgets idempotency keys after a day, so a key alone does not protect a step that is
 * repeated later: everything is looked up before it is made, by what Bulkhead wrote on it (metadata, lookup keys,
 * chosen ids), and the key covers the time in which a look-up may not see it yet.
 */
export class StripeBilling implements BillingProvider {
  private readonly stripe: Stripe;
  private readonly now: () => Date;

  constructor({ apiKey, timeoutMs = 20_000, networkRetries = 2, now = () => new Date() }: StripeBillingOptions) {
    this.stripe = new Stripe(apiKey.reveal(), {
      apiVersion: STRIPE_API_VERSION,
      timeout: timeoutMs,
      maxNetworkRetries: networkRetries,
      telemetry: false,
    });
    this.now = now;
  }

  async ensureCustomer({ tenantId, name, idempotencyKey }: CustomerRequest): Promise<{ customerRef: string }> {
    return callStripe('customer', async () => {
      // Search lags by up to a minute; within it the idempotency key gives the first answer again.
      const query = `metadata['bulkhead_tenant']:'${tenantId}'`;
      const found = await this.stripe.customers.search({ query, limit: 1 });
      const [known] = found.data;
      if (known !== undefined) {
        if (known.metadata['bulkhead_key'] === idempotencyKey && known.name !== name) throw keyReused();
        return { customerRef: known.id };
      }
      const customer = await this.stripe.customers.create(
        { name, metadata: { bulkhead_tenant: tenantId, bulkhead_key: idempotencyKey } },
        { idempotencyKey },
      );
      return { customerRef: customer.id };
    });
  }

  /**
   * Bulkhead prices the first period and bills it by an invoice of its own, see {@link ensureInvoiceSchedule}. The
   * subscription therefore starts billing with the second period: its anchor lies there and the time until then is
   * free (`proration_behavior: none`, https://docs.stripe.com/billing/subscriptions/billing-cycle).
   */
  async ensureSubscription(request: SubscriptionRequest): Promise<{ subscriptionRef: string }> {
    const { tenantId, customerRef, plan, quantity, startsOn, idempotencyKey } = request;
    const anchor = this.renewal(startsOn, plan.interval);
    const metadata = {
      bulkhead_tenant: tenantId,
      bulkhead_key: idempotencyKey,
      bulkhead_plan: plan.name,
      bulkhead_plan_version: String(plan.version),
      bulkhead_quantity: String(quantity),
      bulkhead_starts_on: startsOn,
    };
    return callStripe('subscription', async () => {
      await this.requireCustomerOf(customerRef, tenantId);
      const all = await this.subscriptionsOf(customerRef);
      const earlier = all.find((subscription) => subscription.metadata['bulkhead_key'] === idempotencyKey);
      if (earlier !== undefined) {
        const same = Object.entries(metadata).every(([key, value]) => earlier.metadata[key] === value);
        if (!same) throw keyReused();
        return { subscriptionRef: earlier.id };
      }
      if (all.some(isLive)) {
        throw billingConflict(
          'This customer has a live subscription already.',
          'Cancel the live subscription first, or change it.',
        );
      }
      const subscription = await this.stripe.subscriptions.create(
        {
          customer: customerRef,
          items: await ensurePlanPrices(this.stripe, plan, quantity),
          collection_method: 'send_invoice',
          days_until_due: plan.paymentTermDays,
          billing_cycle_anchor: anchor,
          proration_behavior: 'none',
          metadata,
        },
        { idempotencyKey },
      );
      return { subscriptionRef: subscription.id };
    });
  }

  /**
   * Bills the first period at once, with Bulkhead's amount to the minor unit. Later invoices are Stripe's own, from the
   * subscription: they get a ref only when their period begins, so until then the ref is subscription and period.
   * @throws BulkheadError `billing_conflict` (409) when Stripe would bill another amount than Bulkhead promised.
   */
  async ensureInvoiceSchedule(
    request: InvoiceScheduleRequest,
  ): Promise<{ invoiceScheduleRef: string; invoices: readonly InvoiceRef[] }> {
    const { customerRef, subscriptionRef, invoices } = request;
    return callStripe('live subscription', async () => {
      const subscription = await this.stripe.subscriptions.retrieve(subscriptionRef);
      if (!isLive(subscription) || customerOf(subscription) !== customerRef) throw billingUnknown('live subscription');
      const [first, ...later] = invoices;
      if (first === undefined) throw billingUnknown('first invoice');
      const recurring = subscription.items.data.reduce(
        (sum, { price, quantity }) => sum + (price.unit_amount ?? 0) * (quantity ?? 0),
        0,
      );
      if (later.some((invoice) => invoice.amount.amountMinor !== recurring)) {
        throw billingConflict(
          'Stripe would bill another amount than the invoice schedule says.',
          'Check the prices of the subscription at Stripe against the plan, and repeat the step.',
        );
      }
      const ref = await ensureFirstInvoice(this.stripe, request, first);
      return {
        invoiceScheduleRef: subscriptionRef,
        invoices: invoices.map(({ periodStart, dueDate, amount }, index) => ({
          ref: index === 0 ? ref : `${subscriptionRef}:${periodStart}`,
          dueDate,
          ...amount,
        })),
      };
    });
  }

  /**
   * Credit note, end of the old subscription, new subscription, its first invoice: each is found when it is there
   * already, so a repeat goes on where the last try ended.
   */
  async changePlan(request: PlanChangeRequest): Promise<PlanChanged> {
    const { customerRef, subscriptionRef, changesOn, invoices, idempotencyKey } = request;
    const creditRef = await callStripe('live subscription', async () => {
      const all = await this.subscriptionsOf(customerRef);
      const next = all.find(({ metadata }) => metadata['bulkhead_key'] === `${idempotencyKey}:subscription`);
      const live = all.find(isLive);
      if (live && live.id !== subscriptionRef && live.id !== next?.id) throw billingUnknown('live subscription');
      return ensureCreditNote(this.stripe, request);
    });
    await this.cancelSubscription({ subscriptionRef, voidFrom: changesOn, idempotencyKey: `${idempotencyKey}:end` });
    const next = await this.ensureSubscription({
      ...request,
      startsOn: changesOn,
      idempotencyKey: `${idempotencyKey}:subscription`,
    });
    const schedule = await this.ensureInvoiceSchedule({
      customerRef,
      invoices,
      ...next,
      idempotencyKey: `${idempotencyKey}:schedule`,
    });
    return { ...next, ...schedule, creditRef };
  }

  async grantEntitlements({ customerRef, features }: GrantRequest): Promise<void> {
    return callStripe('customer', async () => {
      const subscription = (await this.subscriptionsOf(customerRef)).find(isLive);
      const [planItem] = subscription?.items.data ?? [];
      if (subscription === undefined || planItem === undefined) throw billingUnknown('live subscription');
      const currency = planItem.price.currency.toUpperCase() as Currency;
      const interval = planItem.price.recurring?.interval as BillingInterval;
      const granted = new Map(subscription.items.data.map((item) => [featureOfPrice(item.price), item.id]));
      for (const feature of new Set(features)) {
        if (granted.has(feature)) continue;
        const price = await ensureFeaturePrice(this.stripe, feature, currency, interval);
        // No key of ours: after grant, withdrawal and grant it would replay the first answer and add nothing.
        await this.stripe.subscriptionItems.create({
          subscription: subscription.id,
          price,
          quantity: 1,
          proration_behavior: 'none',
        });
      }
      for (const [feature, item] of granted) {
        if (feature === undefined || features.includes(feature)) continue;
        await this.stripe.subscriptionItems.del(item, { proration_behavior: 'none' });
      }
    });
  }

  async recordUsage(request: UsageRequest): Promise<void> {
    checkUsage(request);
    const { customerRef, meter, quantity, eventId, at } = request;
    return callStripe('meter event', async () => {
      const { event_name } = await ensureMeter(this.stripe, meter);
      try {
        await this.stripe.billing.meterEvents.create(
          {
            event_name,
            payload: { stripe_customer_id: customerRef, value: String(quantity) },
            identifier: eventId,
            timestamp: Math.floor(at.getTime() / 1000),
          },
          { idempotencyKey: `usage:${customerRef}:${eventId}` },
        );
      } catch (error) {
        if (!existsAlready(error)) throw error;
      }
    });
  }

  async cancelSubscription({ subscriptionRef, voidFrom }: CancellationRequest): Promise<void> {
    return callStripe('subscription', async () => {
      const subscription = await this.stripe.subscriptions.retrieve(subscriptionRef);
      // Stripe answers 404 to a second cancellation.
      if (isLive(subscription))
        await this.stripe.subscriptions.cancel(subscriptionRef, { invoice_now: false, prorate: false });
      await voidInvoices(this.stripe, customerOf(subscription), subscriptionRef, voidFrom);
    });
  }

  async inspect(customerRef: string): Promise<BillingAccount> {
    return callStripe('customer', () => readAccount(this.stripe, customerRef, this.now()));
  }

  private async requireCustomerOf(customerRef: string, tenantId: string): Promise<void> {
    const customer = await this.stripe.customers.retrieve(customerRef);
    if (customer.deleted === true || customer.metadata['bulkhead_tenant'] !== tenantId)
      throw billingUnknown('customer');
  }

  private async subscriptionsOf(customerRef: string): Promise<Stripe.Subscription[]> {
    return this.stripe.subscriptions
      .list({ customer: customerRef, status: 'all', limit: 100 })
      .autoPagingToArray({ limit: 1000 });
  }

  /** Unix time of the second period's start. Stripe takes an anchor in the future, at most one interval from now. */
  private renewal(startsOn: CalendarDate, interval: BillingInterval): number {
    const today = dateOf(this.now());
    const renewsOn = billingPeriods(startsOn, interval, 1)[0]?.periodEnd;
    if (renewsOn !== undefined && startsOn <= today && today < renewsOn) return startOfDay(renewsOn);
    throw new BulkheadError({
      code: 'billing_start_refused',
      status: 422,
      publicMessage: 'A subscription at Stripe starts in the billing period that runs today.',
      remediation: 'Send today as the first day, or a day of the period that runs today.',
    });
  }
}

function isLive({ status }: Pick<Stripe.Subscription, 'status'>): boolean {
  return status !== 'canceled' && status !== 'incomplete_expired';
}

function customerOf({ customer }: Pick<Stripe.Subscription, 'customer'>): string {
  return typeof customer === 'string' ? customer : customer.id;
}
