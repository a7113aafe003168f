import { addDays, addMonths, dateOf, money, type CalendarDate, type ScheduledInvoice } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import type { TestDatabase } from '@bulkhead/store/testing';
import fc from 'fast-check';
import pg from 'pg';
import type { BilledPlan } from '../port.js';
import { describeBillingContract, type BillingUnderTest } from '../testing/billing-contract.js';
import { describePlanChangeContract } from '../testing/plan-change-contract.js';
import { BreakablePool, startLedgerDatabase } from '../testing/ledger-database.js';
import { LedgerBilling } from './ledger-billing.js';

let database: TestDatabase;
let worker: BreakablePool;
let reader: pg.Pool;
let ledger: LedgerBilling;

beforeAll(async () => {
  database = await startLedgerDatabase();
  worker = new BreakablePool(database.workerUrl);
  reader = new pg.Pool({ connectionString: database.apiUrl });
  ledger = new LedgerBilling(worker.pool);
});
afterAll(async () => {
  await worker.pool.end();
  await reader.end();
  await database.stop();
});

async function number(sql: string, values: unknown[] = []): Promise<number> {
  const { rows } = await reader.query<{ n: string }>(sql, values);
  return Number(rows[0]?.n);
}
const countCustomers = () => number('select count(*) as n from billing.customers');
const balance = (account: string, customerRef: string) =>
  number('select coalesce(sum(amount_minor), 0) as n from billing.postings where account = $1 and customer_id = $2', [
    account,
    customerRef,
  ]);

const underTest = (): BillingUnderTest => ({
  provider: ledger,
  breakAfter: (count) => worker.breakAfter(count),
  heal: () => worker.heal(),
  passDay: () => undefined,
  clear: () => undefined,
  countCustomers,
});
describeBillingContract('the embedded ledger', underTest);
describePlanChangeContract('the embedded ledger', underTest);

const plan = {
  name: 'clinic',
  version: 1,
  title: 'Clinic',
  currency: 'USD',
  interval: 'month',
  price: { model: 'flat', unitAmountMinor: 100 },
  paymentTermDays: 14,
} as const satisfies BilledPlan;

async function subscribe(startsOn: CalendarDate): Promise<{ customerRef: string; subscriptionRef: string }> {
  const tenantId = newId('tenant');
  const { customerRef } = await ledger.ensureCustomer({ tenantId, name: 'Clinic', idempotencyKey: newId('operation') });
  const subscription = { tenantId, customerRef, plan, quantity: 1, startsOn, idempotencyKey: newId('operation') };
  return { customerRef, ...(await ledger.ensureSubscription(subscription)) };
}

function months(startsOn: CalendarDate, amounts: readonly number[]): ScheduledInvoice[] {
  return amounts.map((amountMinor, index) => {
    const [periodStart, periodEnd] = [addMonths(startsOn, index), addMonths(startsOn, index + 1)];
    const amount = money(amountMinor, 'USD');
    return { periodStart, periodEnd, dueDate: addDays(periodStart, 14), amount, lines: [{ code: 'licence', amount }] };
  });
}

describe('the embedded ledger', () => {
  const today = dateOf(new Date());

  it('books an invoice as receivable against deferred revenue when its period begins, once', async () => {
    const { customerRef, subscriptionRef } = await subscribe(today);
    await ledger.ensureInvoiceSchedule({
      customerRef,
      subscriptionRef,
      invoices: months(today, [700, 800, 900]),
      idempotencyKey: newId('operation'),
    });
    expect([await balance('accounts_receivable', customerRef), await balance('deferred_revenue', customerRef)]).toEqual(
      [700, -700],
    );
    const later = addMonths(today, 1);
    const issued = await Promise.all([ledger.issueDueInvoices(later), ledger.issueDueInvoices(later)]);
    expect(Math.max(...issued)).toBeGreaterThan(0);
    expect(await ledger.issueDueInvoices(later)).toBe(0);
    expect([await balance('accounts_receivable', customerRef), await balance('deferred_revenue', customerRef)]).toEqual(
      [1500, -1500],
    );
  });

  it('books back what it voids, and leaves nobody owing for what never began', async () => {
    const { customerRef, subscriptionRef } = await subscribe(today);
    await ledger.ensureInvoiceSchedule({
      customerRef,
      subscriptionRef,
      invoices: months(today, [700, 800]),
      idempotencyKey: newId('operation'),
    });
    await ledger.cancelSubscription({ subscriptionRef, voidFrom: today, idempotencyKey: newId('operation') });
    await ledger.issueDueInvoices(addMonths(today, 3));
    expect([await balance('accounts_receivable', customerRef), await balance('deferred_revenue', customerRef)]).toEqual(
      [0, 0],
    );
    expect(
      await number(
        'select count(*) as n from billing.journal_entries e join billing.invoices i on i.id = e.invoice_id where customer_id = $1',
        [customerRef],
      ),
    ).toBe(2);
  });

  it('always balances, whatever happens in whatever order, and owes exactly what is issued and not voided', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('schedule' as const),
        amounts: fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant('issue' as const), after: fc.integer({ min: 0, max: 5 }) }),
      fc.record({ kind: fc.constant('cancel' as const), after: fc.integer({ min: 0, max: 4 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), fc.boolean(), async (steps, together) => {
        const { customerRef, subscriptionRef } = await subscribe(today);
        const run = async (each: (typeof steps)[number]): Promise<void> => {
          const idempotencyKey = newId('operation');
          if (each.kind === 'issue') await ledger.issueDueInvoices(addMonths(today, each.after));
          if (each.kind === 'cancel')
            await ledger.cancelSubscription({
              subscriptionRef,
              voidFrom: addMonths(today, each.after),
              idempotencyKey,
            });
          // A second schedule conflicts with the first, and one after a cancellation is refused: both leave nothing.
          const schedule = {
            customerRef,
            subscriptionRef,
            invoices: months(today, each.kind === 'schedule' ? each.amounts : [1]),
            idempotencyKey,
          };
          if (each.kind === 'schedule') await ledger.ensureInvoiceSchedule(schedule).catch(() => undefined);
        };
        if (together) await Promise.all(steps.map(run));
        else for (const each of steps) await run(each);
        const owed = (await ledger.inspect(customerRef)).invoices.reduce(
          (sum, invoice) => sum + invoice.amountMinor,
          0,
        );
        expect(await balance('accounts_receivable', customerRef)).toBe(owed);
        expect(await balance('deferred_revenue', customerRef)).toBe(owed === 0 ? 0 : -owed);
      }),
      { numRuns: 40 },
    );
    expect(
      await number(
        'select count(*) as n from (select from billing.postings group by entry_id, currency having sum(amount_minor) <> 0) x',
      ),
    ).toBe(0);
  });
});

describe('the ledger tables', () => {
  const refused = async (sql: string, values: unknown[] = []) => {
    const error = await worker.pool.query(sql, values).then(
      () => undefined,
      (cause: { code: string }) => cause.code,
    );
    return error;
  };
  const entry = `insert into billing.journal_entries (invoice_id, kind, booked_on) select invoice_id, 'issued', now() from noted returning id`;
  const noted = `noted as (insert into billing.invoice_events (invoice_id, kind)
    select id, 'issued' from billing.invoices i where not exists (select from billing.invoice_events where invoice_id = i.id) limit 1 returning invoice_id)`;

  beforeAll(async () => {
    const today = dateOf(new Date());
    const { customerRef, subscriptionRef } = await subscribe(today);
    await ledger.ensureInvoiceSchedule({
      customerRef,
      subscriptionRef,
      invoices: months(today, [5, 6, 7]),
      idempotencyKey: newId('operation'),
    });
  });

  it.each([
    ['an entry without postings', `with ${noted} ${entry}`],
    [
      'an entry that does not balance',
      `with ${noted}, entry as (${entry}) insert into billing.postings select entry.id, account, c.id, amount, 'USD' from entry,
       (values ('accounts_receivable', 5), ('deferred_revenue', -4)) v (account, amount), (select id from billing.customers limit 1) c`,
    ],
    [
      'an entry that balances over two currencies only',
      `with ${noted}, entry as (${entry}) insert into billing.postings select entry.id, account, c.id, amount, currency from entry,
       (values ('accounts_receivable', 5, 'USD'), ('deferred_revenue', -5, 'EUR')) v (account, amount, currency), (select id from billing.customers limit 1) c`,
    ],
    [
      'postings added to an entry of the past',
      `insert into billing.postings select entry_id, account, customer_id, -amount_minor, 'EUR' from billing.postings
       where entry_id = (select min(entry_id) from billing.postings)`,
    ],
    [
      'an invoice line added later',
      `insert into billing.invoice_lines select id, 'extra', 1 from billing.invoices limit 1`,
    ],
  ])('refuse %s', async (_what, sql) => {
    expect(await refused(sql)).toBe('23514');
  });

  it('can be changed by nobody: not by the worker, and not by their owner', async () => {
    const tables = await reader.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'billing'`,
    );
    expect(tables.rows.length).toBeGreaterThan(10);
    const owner = new pg.Client(database.migratorUrl);
    await owner.connect();
    for (const { name } of tables.rows) {
      const [column] = (await reader.query(`select * from billing.${name} limit 1`)).fields;
      const update = `update billing.${name} set "${column?.name}" = default`;
      expect(await refused(update)).toBe('42501');
      expect(await refused(`delete from billing.${name}`)).toBe('42501');
      await expect(owner.query(`delete from billing.${name}`)).rejects.toMatchObject({ code: '23001' });
      await expect(owner.query(`truncate billing.${name} cascade`)).rejects.toMatchObject({ code: '23001' });
    }
    await owner.end();
  });

  it('are read by the API, which adds nothing', async () => {
    const grants = await reader.query<{ name: string; privilege: string }>(
      `select table_name as name, privilege_type as privilege from information_schema.role_table_grants
       where table_schema = 'billing' and grantee = 'bulkhead_api' and privilege_type <> 'SELECT'`,
    );
    expect(grants.rows).toEqual([]);
  });
});
