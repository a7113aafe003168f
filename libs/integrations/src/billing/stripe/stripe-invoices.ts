import { dateOf, startOfDay, type CalendarDate, type ScheduledInvoice } from '@bulkhead/domain';
import type { Stripe } from 'stripe';
import { billingConflict, keyReused, type InvoiceScheduleRequest } from '../port.js';

const LAST_SECOND = 86_399;

/**
 * The invoice of the first period: a draft, one item for each line, finalised when it adds up. A crash leaves a draft,
 * which nobody sees and which the repeat completes.
 * @returns its id.
 */
export async function ensureFirstInvoice(
  stripe: Stripe,
  request: InvoiceScheduleRequest,
  first: ScheduledInvoice,
): Promise<string> {
  const { customerRef, subscriptionRef, idempotencyKey } = request;
  const invoices = await invoicesOf(stripe, customerRef, subscriptionRef);
  const known = invoices.find(({ metadata }) => metadata?.['bulkhead_period_start'] === first.periodStart);
  if (known !== undefined) requireSame(known, first, idempotencyKey);
  if (known !== undefined && known.status !== 'draft') return known.id;
  const draft = known ?? (await createDraft(stripe, request, first));
  await addLines(stripe, request, first, draft.id);
  const complete = await stripe.invoices.retrieve(draft.id);
  if (complete.total !== first.amount.amountMinor) {
    throw billingConflict(
      'The first invoice at Stripe does not add up to what was promised; it stays a draft.',
      'Look for items that somebody added to the draft at Stripe, remove them, and repeat the step.',
    );
  }
  await stripe.invoices.finalizeInvoice(
    draft.id,
    { auto_advance: true },
    { idempotencyKey: `${idempotencyKey}:finalise` },
  );
  return draft.id;
}

function requireSame(known: Stripe.Invoice, first: ScheduledInvoice, idempotencyKey: string): void {
  if (known.metadata?.['bulkhead_amount'] === String(first.amount.amountMinor)) return;
  if (known.metadata?.['bulkhead_key'] === idempotencyKey) throw keyReused();
  throw billingConflict(
    `The period from ${first.periodStart} is invoiced with another amount already.`,
    'Keep the schedule as it was agreed; correct an invoice by a credit, not by a second schedule.',
  );
}

async function createDraft(
  stripe: Stripe,
  request: InvoiceScheduleRequest,
  first: ScheduledInvoice,
): Promise<Stripe.Invoice> {
  return stripe.invoices.create(
    {
      customer: request.customerRef,
      currency: first.amount.currency.toLowerCase(),
      collection_method: 'send_invoice',
      // The whole last day counts: Stripe takes a second, and that must be in the future even when it is due today.
      due_date: startOfDay(first.dueDate) + LAST_SECOND,
      auto_advance: false,
      pending_invoice_items_behavior: 'exclude',
      metadata: {
        bulkhead_key: request.idempotencyKey,
        bulkhead_subscription: request.subscriptionRef,
        bulkhead_period_start: first.periodStart,
        bulkhead_amount: String(first.amount.amountMinor),
      },
    },
    { idempotencyKey: `${request.idempotencyKey}:invoice` },
  );
}

async function addLines(
  stripe: Stripe,
  request: InvoiceScheduleRequest,
  first: ScheduledInvoice,
  invoice: string,
): Promise<void> {
  const items = await stripe.invoiceItems.list({ invoice, limit: 100 });
  const present = new Set(items.data.map(({ metadata }) => metadata?.['bulkhead_line']));
  for (const { code, amount } of first.lines) {
    if (present.has(code)) continue;
    await stripe.invoiceItems.create(
      {
        customer: request.customerRef,
        invoice,
        amount: amount.amountMinor,
        currency: amount.currency.toLowerCase(),
        description: code === 'licence' ? 'Licence' : 'Platform fee',
        // Stripe's period includes its end.
        period: { start: startOfDay(first.periodStart), end: startOfDay(first.periodEnd) - 1 },
        metadata: { bulkhead_line: code },
      },
      { idempotencyKey: `${request.idempotencyKey}:line:${code}` },
    );
  }
}

/** Voids what is open and deletes what is a draft, for periods from `voidFrom` on. Paid invoices stay. */
export async function voidInvoices(
  stripe: Stripe,
  customerRef: string,
  subscriptionRef: string,
  voidFrom: CalendarDate,
): Promise<void> {
  for (const invoice of await invoicesOf(stripe, customerRef, subscriptionRef)) {
    if (periodStartOf(invoice) < voidFrom) continue;
    if (invoice.status === 'draft') await stripe.invoices.del(invoice.id);
    if (invoice.status === 'open' || invoice.status === 'uncollectible') await stripe.invoices.voidInvoice(invoice.id);
  }
}

/** The invoices of a subscription: the first, which Bulkhead made, and those that Stripe made since. */
export async function invoicesOf(
  stripe: Stripe,
  customerRef: string,
  subscriptionRef: string,
): Promise<Stripe.Invoice[]> {
  const all = await stripe.invoices.list({ customer: customerRef, limit: 100 }).autoPagingToArray({ limit: 10_000 });
  return all.filter(({ metadata, parent }) => {
    const generatedBy = parent?.subscription_details?.subscription;
    const parentRef = typeof generatedBy === 'object' ? generatedBy.id : generatedBy;
    return metadata?.['bulkhead_subscription'] === subscriptionRef || parentRef === subscriptionRef;
  });
}

/** An invoice's own `period_start` tells when its items were added; what it bills for stands on its lines. */
export function periodStartOf(invoice: Stripe.Invoice): CalendarDate {
  const noted = invoice.metadata?.['bulkhead_period_start'];
  const starts = invoice.lines.data.map((line) => line.period.start);
  return noted === undefined ? dateOf(new Date(Math.min(...starts) * 1000)) : (noted as CalendarDate);
}
