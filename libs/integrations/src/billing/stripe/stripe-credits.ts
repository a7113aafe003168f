import type { Stripe } from 'stripe';
import { billingConflict, billingUnknown, type PlanChangeRequest } from '../port.js';
import { invoicesOf, periodStartOf } from './stripe-invoices.js';

/**
 * The credit note for the unused days of an invoice (https://docs.stripe.com/invoicing/integration/programmatic-credit-notes):
 * what is still owed becomes less; of an invoice that is paid already, the customer's balance grows, which pays the next.
 * @returns its id; null when nothing is given back.
 */
export async function ensureCreditNote(stripe: Stripe, request: PlanChangeRequest): Promise<string | null> {
  const { customerRef, subscriptionRef, credit, changesOn, idempotencyKey } = request;
  if (credit === null) return null;
  const invoices = await invoicesOf(stripe, customerRef, subscriptionRef);
  const invoice = invoices.find((one) => periodStartOf(one) === credit.periodStart);
  if (!invoice) throw billingUnknown('invoice of the period');
  // Of a period that begins that day nothing was used: its invoice is voided, unless it is paid and cannot be.
  if (credit.periodStart >= changesOn && invoice.status !== 'paid') return null;
  if (invoice.status === 'void') throw billingUnknown('invoice of the period');
  const notes = await stripe.creditNotes.list({ invoice: invoice.id, limit: 100 });
  const known = notes.data.find(({ metadata }) => metadata?.['bulkhead_key'] === idempotencyKey);
  if (known) return known.id;
  const amount = credit.amount.amountMinor;
  if (notes.data.length > 0 || amount > invoice.total)
    throw billingConflict(
      'The invoice of the period cannot be credited by this amount.',
      'Compare the quote with the invoices of the customer; it may have been credited already.',
    );
  const note = await stripe.creditNotes.create(
    {
      invoice: invoice.id,
      amount,
      reason: 'order_change',
      metadata: { bulkhead_key: idempotencyKey },
      ...(invoice.status === 'paid' && { credit_amount: amount }),
    },
    { idempotencyKey: `${idempotencyKey}:credit` },
  );
  return note.id;
}
