import type { CalendarDate } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import type pg from 'pg';
import { billingConflict, billingUnknown, type PlanChanged, type PlanChangeRequest } from '../port.js';
import { issueInvoices, readInvoices, storeInvoices, voidInvoices } from './ledger-invoices.js';

/**
 * Ends the present subscription and begins the next, with the credit for what was paid and not used. The caller holds
 * the customer's lock and has checked that the subscription is the live one.
 */
export async function changePlanIn(
  client: pg.PoolClient,
  request: PlanChangeRequest,
  today: CalendarDate,
): Promise<PlanChanged> {
  const { customerRef, subscriptionRef, plan, quantity, changesOn, invoices } = request;
  // A period that began today may not have been issued yet, and only what was issued can be given back.
  await issueInvoices(client, customerRef, today);
  const creditRef = await giveBack(client, request, today);
  await client.query('insert into billing.cancellations (subscription_id) values ($1)', [subscriptionRef]);
  await voidInvoices(client, subscriptionRef, changesOn, today);
  const next = newId('subscription');
  await client.query(
    `insert into billing.subscriptions (id, customer_id, plan_name, plan_version, currency, quantity, starts_on)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [next, customerRef, plan.name, plan.version, plan.currency, quantity, changesOn],
  );
  await storeInvoices(client, { ...request, subscriptionRef: next, invoices });
  await issueInvoices(client, customerRef, today);
  return { subscriptionRef: next, invoiceScheduleRef: next, invoices: await readInvoices(client, next), creditRef };
}

async function giveBack(
  client: pg.PoolClient,
  { subscriptionRef, credit, changesOn }: PlanChangeRequest,
  bookedOn: CalendarDate,
): Promise<string | null> {
  // Of a period that begins that day nothing was used: its invoice is voided.
  if (credit === null || credit.periodStart >= changesOn) return null;
  const { rows } = await client.query<{ id: string; customer_id: string; amount: string; credited: boolean }>(
    `select id, customer_id, amount_minor as amount,
            exists (select from billing.credits where invoice_id = i.id) as credited
       from billing.invoices i where subscription_id = $1 and period_start = $2
        and exists (select from billing.invoice_events where invoice_id = i.id and kind = 'issued')
        and not exists (select from billing.invoice_events where invoice_id = i.id and kind = 'voided')`,
    [subscriptionRef, credit.periodStart],
  );
  const [invoice] = rows;
  if (!invoice) throw billingUnknown('invoice of the period');
  const { amountMinor, currency } = credit.amount;
  if (invoice.credited || amountMinor > Number(invoice.amount)) throw creditConflict();
  const id = newId('credit');
  await client.query('insert into billing.credits (id, invoice_id, amount_minor) values ($1, $2, $3)', [
    id,
    invoice.id,
    amountMinor,
  ]);
  await client.query(
    `with event as (
       insert into billing.invoice_events (invoice_id, kind) values ($1, 'credited')
     ), entry as (
       insert into billing.journal_entries (invoice_id, kind, booked_on) values ($1, 'credited', $2) returning id
     )
     insert into billing.postings (entry_id, account, customer_id, amount_minor, currency)
     select entry.id, side.account, $3, side.sign * $4::bigint, $5
       from entry cross join (values ('accounts_receivable', -1), ('deferred_revenue', 1)) side (account, sign)`,
    [invoice.id, bookedOn, invoice.customer_id, amountMinor, currency],
  );
  return id;
}

function creditConflict() {
  return billingConflict(
    'The invoice of the period cannot be credited by this amount.',
    'Compare the quote with the invoices of the customer; it may have been credited already.',
  );
}
