import { addDays, dateOf, invoiceSchedule, planCharge, type CalendarDate } from '@bulkhead/domain';
import { newId, waitFor } from '@bulkhead/kernel';
import type { BilledPlan, BillingAccount, BillingProvider } from '../port.js';

export interface BillingUnderTest {
  readonly provider: BillingProvider;
  /** Lets so many statements or requests through, then loses one answer and cuts the line. */
  breakAfter(count: number): void;
  heal(): void;
  /** Everything written so far can be found, and what a provider remembers for a limited time only is forgotten. */
  passDay(): void;
  /** Starts again from nothing, where that is possible: an empty catalogue has more steps at which to fail. */
  clear(): void;
  /** Number of customers that exist for all tenants together. */
  countCustomers(): Promise<number>;
}

export const practice = {
  name: 'practice-per-clinic',
  version: 1,
  title: 'Practice',
  currency: 'USD',
  interval: 'month',
  price: { model: 'per-clinic', unitAmountMinor: 99_000, platformFeeMinor: 12_345 },
  paymentTermDays: 30,
} as const satisfies BilledPlan;
const modules = ['charting', 'scheduling'];
export const quantity = 3;

/** What a tenant's onboarding asks of billing, from customer to entitlements; ends with what the provider holds. */
export async function onboard(
  provider: BillingProvider,
  key = newId('operation'),
  tenantId = newId('tenant'),
  startsOn = dateOf(new Date()),
) {
  const { customerRef } = await provider.ensureCustomer({
    tenantId,
    name: 'Riverside Family Clinic',
    idempotencyKey: `${key}:customer`,
  });
  const { subscriptionRef } = await provider.ensureSubscription({
    tenantId,
    customerRef,
    plan: practice,
    quantity,
    startsOn,
    idempotencyKey: `${key}:subscription`,
  });
  const schedule = await provider.ensureInvoiceSchedule({
    customerRef,
    subscriptionRef,
    invoices: scheduleFrom(startsOn),
    idempotencyKey: `${key}:schedule`,
  });
  await provider.grantEntitlements({ customerRef, features: modules });
  return {
    customerRef,
    subscriptionRef,
    tenantId,
    startsOn,
    key,
    schedule,
    account: await provider.inspect(customerRef),
  };
}

function scheduleFrom(startsOn: CalendarDate) {
  const charge = planCharge({ ...practice, quotas: { clinics: 40 } }, quantity);
  return invoiceSchedule({ charge, startsOn, interval: practice.interval, paymentTermDays: practice.paymentTermDays });
}

/** Calls as an activity does: again while the provider cannot answer, which Stripe does when a key is in use. */
function persistently<T extends object>(call: () => Promise<T | void>): Promise<T | object> {
  return waitFor('the provider to answer', () => call().then((answer) => answer ?? {}), { intervalMs: 5 });
}

/** What every billing provider must do, run against each implementation. */
export function describeBillingContract(name: string, underTest: () => BillingUnderTest): void {
  const provider = () => underTest().provider;

  describe(`${name}, as every billing provider,`, () => {
    it('onboards a customer with a subscription, its first invoice and its features', async () => {
      const { customerRef, subscriptionRef, tenantId, startsOn, schedule, account } = await onboard(provider());
      const expected = scheduleFrom(startsOn);
      expect(
        schedule.invoices.map(({ dueDate, amountMinor, currency }) => ({ dueDate, amountMinor, currency })),
      ).toEqual(expected.map(({ dueDate, amount }) => ({ dueDate, ...amount })));
      expect(new Set(schedule.invoices.map(({ ref }) => ref)).size).toBe(expected.length);
      expect(account).toEqual({
        customerRef,
        tenantId,
        name: 'Riverside Family Clinic',
        subscriptions: [{ ref: subscriptionRef, plan: practice.name, planVersion: 1, quantity, state: 'active' }],
        invoices: schedule.invoices.slice(0, 1),
        credits: [],
        features: modules,
        usage: {},
      } satisfies BillingAccount);
    });

    it('gives the same refs and makes nothing twice when everything is called again, also a day later', async () => {
      const first = await onboard(provider());
      expect(await onboard(provider(), first.key, first.tenantId)).toEqual(first);
      underTest().passDay();
      expect(await onboard(provider(), first.key, first.tenantId)).toEqual(first);
    });

    it('makes one customer of 50 calls at the same time with one key', async () => {
      const before = await underTest().countCustomers();
      const request = { tenantId: newId('tenant'), name: 'Hilltop', idempotencyKey: newId('operation') };
      const calls = Array.from({ length: 50 }, () => persistently(() => provider().ensureCustomer(request)));
      expect(new Set((await Promise.all(calls)).map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(await underTest().countCustomers()).toBe(before + 1);
    });

    it('ends in the same state wherever an answer is lost on the way', async () => {
      for (let count = 0, done = false; !done; count += 1) {
        const [key, tenantId] = [newId('operation'), newId('tenant')];
        underTest().clear();
        const before = await underTest().countCustomers();
        underTest().breakAfter(count);
        done = await onboard(provider(), key, tenantId).then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({ code: 'billing_unavailable', retryable: true });
            return false;
          },
        );
        underTest().heal();
        const { account, schedule } = await onboard(provider(), key, tenantId);
        expect(account).toMatchObject({
          subscriptions: [{ state: 'active' }],
          invoices: [schedule.invoices[0]],
          features: modules,
          usage: {},
        });
        expect(account.subscriptions).toHaveLength(1);
        expect(account.invoices).toHaveLength(1);
        expect(await underTest().countCustomers()).toBe(before + 1);
        expect(count).toBeLessThan(200);
      }
      // Each lost answer costs the client its pauses before it tries again.
    }, 300_000);

    it('refuses a key that was used with other input', async () => {
      const { customerRef, tenantId, startsOn, key } = await onboard(provider());
      const reused = expect.objectContaining({ code: 'idempotency_key_reused', status: 422 });
      const other = {
        tenantId,
        customerRef,
        plan: practice,
        quantity: 4,
        startsOn,
        idempotencyKey: `${key}:subscription`,
      };
      await expect(provider().ensureSubscription(other)).rejects.toEqual(reused);
      underTest().passDay();
      await expect(provider().ensureSubscription(other)).rejects.toEqual(reused);
      await expect(
        provider().ensureCustomer({ tenantId, name: 'Somebody else', idempotencyKey: `${key}:customer` }),
      ).rejects.toEqual(reused);
    });

    it('keeps one live subscription and one price for each period', async () => {
      const { customerRef, subscriptionRef, tenantId, startsOn } = await onboard(provider());
      const conflict = expect.objectContaining({ code: 'billing_conflict', status: 409 });
      const second = { tenantId, customerRef, plan: practice, quantity, startsOn, idempotencyKey: newId('operation') };
      await expect(provider().ensureSubscription(second)).rejects.toEqual(conflict);
      const [first, ...later] = scheduleFrom(startsOn);
      if (first === undefined) throw new Error('A schedule has a first invoice');
      const cheaper = {
        ...first,
        amount: { ...first.amount, amountMinor: 0 },
        lines: first.lines.map((line) => ({ ...line, amount: { ...line.amount, amountMinor: 0 } })),
      };
      await expect(
        provider().ensureInvoiceSchedule({
          customerRef,
          subscriptionRef,
          invoices: [cheaper, ...later],
          idempotencyKey: newId('operation'),
        }),
      ).rejects.toEqual(conflict);
    });

    it('replaces the features by what is granted, and gives back what was taken', async () => {
      const { customerRef } = await onboard(provider());
      for (const features of [['charting', 'claims'], ['claims'], [], ['charting', 'claims']]) {
        await provider().grantEntitlements({ customerRef, features });
        expect((await provider().inspect(customerRef)).features).toEqual(features);
      }
    });

    it('grants an exception to one customer only', async () => {
      const [one, other] = [await onboard(provider()), await onboard(provider())];
      await provider().grantEntitlements({ customerRef: one.customerRef, features: [...modules, 'analytics'] });
      expect((await provider().inspect(other.customerRef)).features).toEqual(modules);
    });

    it('counts each usage event once, also when it arrives again a day later', async () => {
      const { customerRef } = await onboard(provider());
      const record = (eventId: string, value: number) =>
        persistently(() => provider().recordUsage({ customerRef, meter: 'apiRequests', quantity: value, eventId, at }));
      const at = new Date();
      const [one, two] = [newId('operation'), newId('operation')];
      await Promise.all([record(one, 5), record(one, 5), record(two, 7)]);
      underTest().passDay();
      await record(one, 5);
      expect((await provider().inspect(customerRef)).usage).toEqual({ apiRequests: 12 });
    });

    it.each([-1, 0.5, Number.NaN])('refuses to count %p', async (value) => {
      const usage = { customerRef: 'cus_none', meter: 'apiRequests', quantity: value, eventId: 'evt', at: new Date() };
      await expect(provider().recordUsage(usage)).rejects.toMatchObject({ code: 'invalid_usage', status: 422 });
    });

    it('undoes an onboarding: no features, nothing owed, again and again', async () => {
      const { customerRef, subscriptionRef, startsOn } = await onboard(provider());
      const request = { subscriptionRef, voidFrom: startsOn, idempotencyKey: newId('operation') };
      for (let time = 0; time < 3; time += 1) {
        await provider().cancelSubscription(request);
        expect(await provider().inspect(customerRef)).toMatchObject({
          invoices: [],
          features: [],
          subscriptions: [{ state: 'cancelled' }],
        });
      }
      await expect(provider().grantEntitlements({ customerRef, features: modules })).rejects.toMatchObject({
        code: 'billing_unknown',
      });
    });

    it('keeps what was owed for a period that had begun, and takes a new subscription after a cancellation', async () => {
      const { customerRef, subscriptionRef, tenantId, startsOn, schedule } = await onboard(provider());
      await provider().cancelSubscription({
        subscriptionRef,
        voidFrom: addDays(startsOn, 1),
        idempotencyKey: newId('operation'),
      });
      expect((await provider().inspect(customerRef)).invoices).toEqual([schedule.invoices[0]]);
      const again = { tenantId, customerRef, plan: practice, quantity, startsOn, idempotencyKey: newId('operation') };
      expect((await provider().ensureSubscription(again)).subscriptionRef).not.toBe(subscriptionRef);
    });

    it('knows nothing of what it was never told', async () => {
      const unknown = expect.objectContaining({ code: 'billing_unknown', status: 404 });
      await expect(provider().inspect('cus_unknown')).rejects.toEqual(unknown);
      await expect(provider().grantEntitlements({ customerRef: 'cus_unknown', features: [] })).rejects.toEqual(unknown);
      const cancellation = {
        subscriptionRef: 'sub_unknown',
        voidFrom: '2026-01-01',
        idempotencyKey: newId('operation'),
      } as const;
      await expect(provider().cancelSubscription(cancellation)).rejects.toEqual(unknown);
      const { customerRef } = await onboard(provider());
      const foreign = {
        tenantId: newId('tenant'),
        customerRef,
        plan: practice,
        quantity,
        startsOn: dateOf(new Date()),
        idempotencyKey: newId('operation'),
      };
      await expect(provider().ensureSubscription(foreign)).rejects.toEqual(unknown);
    });
  });
}
