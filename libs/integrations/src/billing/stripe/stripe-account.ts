import { dateOf, type Currency } from '@bulkhead/domain';
import type { Stripe } from 'stripe';
import { billingUnknown, type BillingAccount } from '../port.js';
import { featureOfLookupKey } from './stripe-catalogue.js';
import { listMeters } from './stripe-meters.js';

const MINUTE = 60;
const byRef = (a: { readonly ref: string }, b: { readonly ref: string }) => (a.ref < b.ref ? -1 : 1);

export async function readAccount(stripe: Stripe, customerRef: string, now: Date): Promise<BillingAccount> {
  const customer = await stripe.customers.retrieve(customerRef);
  if (customer.deleted === true) throw billingUnknown('customer');
  const customers = { customer: customerRef, limit: 100 };
  const subscriptions = await stripe.subscriptions
    .list({ ...customers, status: 'all' })
    .autoPagingToArray({ limit: 1000 });
  const invoices = await stripe.invoices.list(customers).autoPagingToArray({ limit: 10_000 });
  const credits = await stripe.creditNotes.list(customers).autoPagingToArray({ limit: 10_000 });
  const entitlements = await stripe.entitlements.activeEntitlements.list(customers).autoPagingToArray({ limit: 1000 });
  return {
    customerRef,
    tenantId: customer.metadata['bulkhead_tenant'] ?? '',
    name: customer.name ?? '',
    subscriptions: subscriptions.map(describeSubscription).toSorted(byRef),
    invoices: invoices
      .filter(({ status }) => status !== 'draft' && status !== 'void')
      .map(describeInvoice)
      .toSorted(byRef),
    credits: credits
      .filter(({ status }) => status === 'issued')
      .map(({ id, invoice, amount }) => ({
        ref: id,
        invoiceRef: typeof invoice === 'string' ? invoice : invoice.id,
        amountMinor: amount,
      }))
      .toSorted(byRef),
    features: entitlements
      .map((entitlement) => featureOfLookupKey(entitlement.lookup_key))
      .filter((feature) => feature !== undefined)
      .toSorted(),
    usage: await readUsage(stripe, customer, now),
  };
}

function describeSubscription({ id, metadata, status }: Stripe.Subscription): BillingAccount['subscriptions'][number] {
  return {
    ref: id,
    plan: metadata['bulkhead_plan'] ?? '',
    planVersion: Number(metadata['bulkhead_plan_version']),
    quantity: Number(metadata['bulkhead_quantity']),
    state: status === 'canceled' || status === 'incomplete_expired' ? 'cancelled' : 'active',
  };
}

function describeInvoice({ id, due_date, total, currency }: Stripe.Invoice): BillingAccount['invoices'][number] {
  return {
    ref: id,
    dueDate: dateOf(new Date((due_date ?? 0) * 1000)),
    amountMinor: total,
    currency: currency.toUpperCase() as Currency,
  };
}

/** Stripe sums a meter over a window that starts and ends on a minute, and needs some time to count an event. */
async function readUsage(
  stripe: Stripe,
  customer: Stripe.Customer,
  now: Date,
): Promise<Readonly<Record<string, number>>> {
  const window = {
    customer: customer.id,
    // Usage may be older than the customer by what Stripe accepts.
    start_time: Math.floor(customer.created / MINUTE) * MINUTE - 35 * 86_400,
    end_time: Math.ceil(now.getTime() / 1000 / MINUTE) * MINUTE + 10 * MINUTE,
  };
  const usage: Record<string, number> = {};
  for (const { name, meter } of await listMeters(stripe)) {
    const { data } = await stripe.billing.meters.listEventSummaries(meter.id, window);
    const total = data.reduce((sum, summary) => sum + summary.aggregated_value, 0);
    if (total > 0) usage[name] = total;
  }
  return usage;
}
