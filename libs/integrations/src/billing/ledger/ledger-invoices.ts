import type { CalendarDate, Currency } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import type pg from 'pg';
import { billingConflict, type InvoiceRef, type InvoiceScheduleRequest } from '../port.js';

/** Adds the scheduled invoices that are missing. A period that was invoiced with another amount is a conflict. */
export async function storeInvoices(client: pg.PoolClient, request: InvoiceScheduleRequest): Promise<void> {
  const { customerRef, subscriptionRef, invoices } = request;
  for (const { periodStart, periodEnd, dueDate, amount, lines } of invoices) {
    const invoiceId = newId('invoice');
    const { rowCount } = await client.query(
      `insert into billing.invoices
         (id, subscription_id, customer_id, period_start, period_end, due_date, amount_minor, currency)
       values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (subscription_id, period_start) do nothing`,
      [invoiceId, subscriptionRef, customerRef, periodStart, periodEnd, dueDate, amount.amountMinor, amount.currency],
    );
    if (rowCount === 0) await requireSame(client, subscriptionRef, periodStart, amount.amountMinor);
    else {
      await client.query(
        'insert into billing.invoice_lines (invoice_id, code, amount_minor) select $1, * from unnest($2::text[], $3::bigint[])',
        [invoiceId, lines.map((line) => line.code), lines.map((line) => line.amount.amountMinor)],
      );
    }
  }
}

async function requireSame(client: pg.PoolClient, subscriptionRef: string, periodStart: string, amountMinor: number) {
  const { rowCount } = await client.query(
    'select from billing.invoices where subscription_id = $1 and period_start = $2 and amount_minor = $3',
    [subscriptionRef, periodStart, amountMinor],
  );
  if (rowCount === 1) return;
  throw billingConflict(
    `The period from ${periodStart} is invoiced with another amount already.`,
    'Keep the schedule as it was agreed; correct an invoice by a credit, not by a second schedule.',
  );
}

export async function readInvoices(client: pg.PoolClient, subscriptionRef: string): Promise<InvoiceRef[]> {
  const { rows } = await client.query<{ id: string; due: CalendarDate; amount: string; currency: Currency }>(
    `select id, due_date::text as due, amount_minor as amount, currency from billing.invoices
     where subscription_id = $1 order by period_start`,
    [subscriptionRef],
  );
  return rows.map(({ id, due, amount, currency }) => ({
    ref: id,
    dueDate: due,
    amountMinor: Number(amount),
    currency,
  }));
}

/**
 * Issues and books what is due. The caller holds the customer's lock: against a cancellation at the same time, which
 * would otherwise void an invoice without seeing that it has just been booked.
 */
export async function issueInvoices(client: pg.PoolClient, customerRef: string, on: CalendarDate): Promise<number> {
  const { rows } = await client.query<{ issued: number }>(
    `with due as (
       select id, customer_id, period_start, amount_minor, currency from billing.invoices i
       where customer_id = $1 and period_start <= $2
         and not exists (select from billing.invoice_events where invoice_id = i.id)
     ), issued as (
       insert into billing.invoice_events (invoice_id, kind) select id, 'issued' from due
     ), entries as (
       insert into billing.journal_entries (invoice_id, kind, booked_on)
       select id, 'issued', period_start from due where amount_minor > 0 returning id, invoice_id
     ), postings as (
       insert into billing.postings (entry_id, account, customer_id, amount_minor, currency)
       select e.id, side.account, d.customer_id, side.sign * d.amount_minor, d.currency
       from entries e join due d on d.id = e.invoice_id
       cross join (values ('accounts_receivable', 1), ('deferred_revenue', -1)) side (account, sign)
     )
     select count(*)::int as issued from due`,
    [customerRef, on],
  );
  return rows[0]?.issued ?? 0;
}

/** Voids the invoices of periods from `voidFrom` on; what had been booked is booked back on `bookedOn`. */
export async function voidInvoices(
  client: pg.PoolClient,
  subscriptionRef: string,
  voidFrom: CalendarDate,
  bookedOn: CalendarDate,
): Promise<void> {
  await client.query(
    `with gone as (
       select id from billing.invoices i where subscription_id = $1 and period_start >= $2
         and not exists (select from billing.invoice_events where invoice_id = i.id and kind = 'voided')
     ), voided as (
       insert into billing.invoice_events (invoice_id, kind) select id, 'voided' from gone
     ), booked as (
       select p.* , e.invoice_id from billing.postings p join billing.journal_entries e on e.id = p.entry_id
       where e.invoice_id in (select id from gone) and e.kind = 'issued'
     ), entries as (
       insert into billing.journal_entries (invoice_id, kind, booked_on)
       select distinct invoice_id, 'voided', $3::date from booked returning id, invoice_id
     )
     insert into billing.postings (entry_id, account, customer_id, amount_minor, currency)
     select e.id, b.account, b.customer_id, -b.amount_minor, b.currency
     from entries e join booked b on b.invoice_id = e.invoice_id`,
    [subscriptionRef, voidFrom, bookedOn],
  );
}
