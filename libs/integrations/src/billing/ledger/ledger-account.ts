import type { CalendarDate, Currency } from '@bulkhead/domain';
import type pg from 'pg';
import { billingUnknown, type BillingAccount } from '../port.js';

/** @throws BulkheadError `billing_unknown` (404). */
export async function readAccount(client: pg.PoolClient, customerRef: string): Promise<BillingAccount> {
  const customers = await client.query<{ tenant_id: string; name: string }>(
    'select tenant_id, name from billing.customers where id = $1',
    [customerRef],
  );
  const [customer] = customers.rows;
  if (customer === undefined) throw billingUnknown('customer');
  const subscriptions = await readSubscriptions(client, customerRef);
  const live = subscriptions.some((subscription) => subscription.state === 'active');
  return {
    customerRef,
    tenantId: customer.tenant_id,
    name: customer.name,
    subscriptions,
    invoices: await readIssued(client, customerRef),
    credits: await readCredits(client, customerRef),
    // Features come with a live subscription and go with it.
    features: live ? await readFeatures(client, customerRef) : [],
    usage: await readUsage(client, customerRef),
  };
}

async function readSubscriptions(client: pg.PoolClient, customerRef: string): Promise<BillingAccount['subscriptions']> {
  const { rows } = await client.query<{
    ref: string;
    plan: string;
    version: number;
    quantity: number;
    cancelled: boolean;
  }>(
    `select s.id as ref, plan_name as plan, plan_version as version, quantity, c.subscription_id is not null as cancelled
     from billing.subscriptions s left join billing.cancellations c on c.subscription_id = s.id
     where customer_id = $1 order by s.id`,
    [customerRef],
  );
  return rows.map(({ ref, plan, version, quantity, cancelled }) => ({
    ref,
    plan,
    planVersion: version,
    quantity,
    state: cancelled ? 'cancelled' : 'active',
  }));
}

async function readIssued(client: pg.PoolClient, customerRef: string): Promise<BillingAccount['invoices']> {
  const { rows } = await client.query<{ ref: string; due: CalendarDate; amount: string; currency: Currency }>(
    `select id as ref, due_date::text as due, amount_minor as amount, currency from billing.invoices i
     where customer_id = $1
       and exists (select from billing.invoice_events where invoice_id = i.id and kind = 'issued')
       and not exists (select from billing.invoice_events where invoice_id = i.id and kind = 'voided')
     order by id`,
    [customerRef],
  );
  return rows.map(({ ref, due, amount, currency }) => ({ ref, dueDate: due, amountMinor: Number(amount), currency }));
}

async function readCredits(client: pg.PoolClient, customerRef: string): Promise<BillingAccount['credits']> {
  const { rows } = await client.query<{ ref: string; invoice: string; amount: string }>(
    `select c.id as ref, c.invoice_id as invoice, c.amount_minor as amount from billing.credits c
       join billing.invoices i on i.id = c.invoice_id where i.customer_id = $1 order by c.id`,
    [customerRef],
  );
  return rows.map(({ ref, invoice, amount }) => ({ ref, invoiceRef: invoice, amountMinor: Number(amount) }));
}

async function readFeatures(client: pg.PoolClient, customerRef: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ features: string[] }>(
    'select features from billing.grants where customer_id = $1 order by id desc limit 1',
    [customerRef],
  );
  return rows[0]?.features ?? [];
}

async function readUsage(client: pg.PoolClient, customerRef: string): Promise<Readonly<Record<string, number>>> {
  const { rows } = await client.query<{ meter: string; total: string }>(
    'select meter, sum(quantity) as total from billing.usage_events where customer_id = $1 group by meter order by meter',
    [customerRef],
  );
  return Object.fromEntries(rows.map(({ meter, total }) => [meter, Number(total)]));
}
