import { fileURLToPath } from 'node:url';
import { dateOf, type CalendarDate } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import type pg from 'pg';
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
import { readAccount } from './ledger-account.js';
import { issueInvoices, readInvoices, storeInvoices, voidInvoices } from './ledger-invoices.js';
import { changePlanIn } from './ledger-plan-change.js';
import { inTransaction, lock, once } from './ledger-transaction.js';

/** Folder of the ledger's migrations, for the migration runner; beside the sources, as the compiler copies no SQL. */
export const LEDGER_MIGRATIONS = fileURLToPath(new URL('../../../src/billing/ledger/migrations', import.meta.url));

/**
 * Billing in the control database: an append-only double-entry ledger. Connect as `bulkhead_worker`, which may add
 * rows and change none. Each call is one transaction, so a crash leaves all of it or nothing.
 * @param now decides which invoices of a schedule are due at once; UTC days.
 */
export class LedgerBilling implements BillingProvider {
  constructor(
    private readonly pool: pg.Pool,
    private readonly now: () => Date = () => new Date(),
  ) {}

  async ensureCustomer(request: CustomerRequest): Promise<{ customerRef: string }> {
    return once(this.pool, 'customer', request, async (client) => {
      await client.query(
        'insert into billing.customers (id, tenant_id, name) values ($1, $2, $3) on conflict (tenant_id) do nothing',
        [newId('customer'), request.tenantId, request.name],
      );
      const { rows } = await client.query<{ id: string }>('select id from billing.customers where tenant_id = $1', [
        request.tenantId,
      ]);
      const [customer] = rows;
      if (customer === undefined) throw billingUnknown('customer');
      return { customerRef: customer.id };
    });
  }

  async ensureSubscription(request: SubscriptionRequest): Promise<{ subscriptionRef: string }> {
    return once(this.pool, 'subscription', request, async (client) => {
      const { tenantId, customerRef, plan, quantity, startsOn } = request;
      await lock(client, 'customer', customerRef);
      const { rowCount } = await client.query('select from billing.customers where id = $1 and tenant_id = $2', [
        customerRef,
        tenantId,
      ]);
      if (rowCount !== 1) throw billingUnknown('customer');
      if ((await liveSubscription(client, customerRef)) !== undefined) {
        throw billingConflict(
          'This customer has a live subscription already.',
          'Cancel the live subscription first, or change it.',
        );
      }
      const subscriptionRef = newId('subscription');
      await client.query(
        `insert into billing.subscriptions (id, customer_id, plan_name, plan_version, currency, quantity, starts_on)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [subscriptionRef, customerRef, plan.name, plan.version, plan.currency, quantity, startsOn],
      );
      return { subscriptionRef };
    });
  }

  async ensureInvoiceSchedule(
    request: InvoiceScheduleRequest,
  ): Promise<{ invoiceScheduleRef: string; invoices: readonly InvoiceRef[] }> {
    return once(this.pool, 'invoice-schedule', request, async (client) => {
      const { customerRef, subscriptionRef } = request;
      await lock(client, 'customer', customerRef);
      if ((await liveSubscription(client, customerRef)) !== subscriptionRef) throw billingUnknown('live subscription');
      await storeInvoices(client, request);
      await issueInvoices(client, customerRef, dateOf(this.now()));
      return { invoiceScheduleRef: subscriptionRef, invoices: await readInvoices(client, subscriptionRef) };
    });
  }

  async changePlan(request: PlanChangeRequest): Promise<PlanChanged> {
    return once(this.pool, 'plan-change', request, async (client) => {
      const { customerRef, subscriptionRef } = request;
      await lock(client, 'customer', customerRef);
      if ((await liveSubscription(client, customerRef)) !== subscriptionRef) throw billingUnknown('live subscription');
      return changePlanIn(client, request, dateOf(this.now()));
    });
  }

  async grantEntitlements({ customerRef, features }: GrantRequest): Promise<void> {
    const wanted = [...new Set(features)].toSorted();
    await inTransaction(this.pool, async (client) => {
      await lock(client, 'customer', customerRef);
      if ((await liveSubscription(client, customerRef)) === undefined) throw billingUnknown('live subscription');
      await client.query(
        `insert into billing.grants (customer_id, features) select $1, $2::text[]
         where (select features from billing.grants where customer_id = $1 order by id desc limit 1)
           is distinct from $2::text[]`,
        [customerRef, wanted],
      );
    });
  }

  async recordUsage(request: UsageRequest): Promise<void> {
    checkUsage(request);
    const { customerRef, meter, quantity, eventId, at } = request;
    await inTransaction(this.pool, async (client) => {
      const { rowCount } = await client.query('select from billing.customers where id = $1', [customerRef]);
      if (rowCount !== 1) throw billingUnknown('customer');
      await client.query(
        `insert into billing.usage_events (customer_id, event_id, meter, quantity, at) values ($1, $2, $3, $4, $5)
         on conflict (customer_id, event_id) do nothing`,
        [customerRef, eventId, meter, quantity, at],
      );
      const { rows } = await client.query<{ same: boolean }>(
        'select meter = $3 and quantity = $4 as same from billing.usage_events where customer_id = $1 and event_id = $2',
        [customerRef, eventId, meter, quantity],
      );
      if (rows[0]?.same !== true) throw keyReused();
    });
  }

  async cancelSubscription(request: CancellationRequest): Promise<void> {
    await once(this.pool, 'cancellation', request, async (client) => {
      const { subscriptionRef, voidFrom } = request;
      const { rows } = await client.query<{ customer_id: string }>(
        'select customer_id from billing.subscriptions where id = $1',
        [subscriptionRef],
      );
      const [subscription] = rows;
      if (subscription === undefined) throw billingUnknown('subscription');
      await lock(client, 'customer', subscription.customer_id);
      await client.query('insert into billing.cancellations (subscription_id) values ($1) on conflict do nothing', [
        subscriptionRef,
      ]);
      await voidInvoices(client, subscriptionRef, voidFrom, dateOf(this.now()));
      return {};
    });
  }

  async inspect(customerRef: string): Promise<BillingAccount> {
    return inTransaction(this.pool, (client) => readAccount(client, customerRef));
  }

  /**
   * Issues the scheduled invoices whose period has begun, and books them: receivable against deferred revenue. Run it
   * daily; a repeat finds nothing to do. Customers are taken one at a time, so a failure keeps what was issued before.
   * @returns how many invoices this call issued.
   */
  async issueDueInvoices(on: CalendarDate = dateOf(this.now())): Promise<number> {
    const due = await inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ customer_id: string }>(
        `select distinct customer_id from billing.invoices i where period_start <= $1
           and not exists (select from billing.invoice_events where invoice_id = i.id)`,
        [on],
      );
      return rows.map((row) => row.customer_id);
    });
    let issued = 0;
    for (const customerRef of due) {
      issued += await inTransaction(this.pool, async (client) => {
        await lock(client, 'customer', customerRef);
        return issueInvoices(client, customerRef, on);
      });
    }
    return issued;
  }
}

async function liveSubscription(client: pg.PoolClient, customerRef: string): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>(
    `select id from billing.subscriptions s where customer_id = $1
       and not exists (select from billing.cancellations where subscription_id = s.id)`,
    [customerRef],
  );
  return rows[0]?.id;
}
