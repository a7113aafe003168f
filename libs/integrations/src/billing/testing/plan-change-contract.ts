import { dateOf, planChange, planCharge, type CalendarDate } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import type { BilledPlan } from '../port.js';
import { onboard, practice, quantity, type BillingUnderTest } from './billing-contract.js';

const larger = {
  ...practice,
  name: 'larger',
  title: 'Larger',
  price: { model: 'per-clinic', unitAmountMinor: 200_000 },
} as const;

const firstOfMonth = (): CalendarDate => `${dateOf(new Date()).slice(0, 8)}01` as CalendarDate;

/** The onboarded customer takes a larger plan from today on, in the month that began with its contract. */
export function planChangeOf({
  tenantId,
  customerRef,
  subscriptionRef,
  startsOn,
}: Awaited<ReturnType<typeof onboard>>) {
  const priced = (plan: BilledPlan) => planCharge({ ...plan, quotas: { clinics: 40 } }, 2);
  const running = {
    charge: planCharge({ ...practice, quotas: { clinics: 40 } }, quantity),
    startsOn,
    interval: practice.interval,
  };
  const changesOn = dateOf(new Date());
  const { credit, invoices } = planChange(running, { ...larger, charge: priced(larger) }, changesOn);
  const ends = { tenantId, customerRef, subscriptionRef, changesOn, credit };
  return { ...ends, plan: larger, quantity: 2, invoices, idempotencyKey: newId('operation') };
}

/** What every billing provider must do when a customer changes its plan. */
export function describePlanChangeContract(name: string, underTest: () => BillingUnderTest): void {
  const provider = () => underTest().provider;

  describe(`${name}, as every billing provider, for a change of plan,`, () => {
    it('changes the plan: the unused rest is given back, the new plan is billed from that day, once', async () => {
      const first = await onboard(provider(), newId('operation'), newId('tenant'), firstOfMonth());
      const request = planChangeOf(first);
      // On the first of a month its invoice is voided as a whole.
      const partial = request.credit.periodStart < request.changesOn;
      const changed = await provider().changePlan(request);
      expect(await provider().changePlan(request)).toEqual(changed);
      underTest().passDay();
      expect(await provider().changePlan(request)).toEqual(changed);
      await provider().grantEntitlements({ customerRef: first.customerRef, features: ['charting', 'claims'] });
      const account = await provider().inspect(first.customerRef);
      expect(account.subscriptions.filter(({ state }) => state === 'active')).toEqual([
        { ref: changed.subscriptionRef, plan: 'larger', planVersion: 1, quantity: 2, state: 'active' },
      ]);
      expect(account.invoices.map(({ amountMinor }) => amountMinor).toSorted((a, b) => a - b)).toEqual(
        [...(partial ? [first.schedule.invoices[0]?.amountMinor] : []), request.invoices[0]?.amount.amountMinor]
          .map(Number)
          .toSorted((a, b) => a - b),
      );
      const given = partial ? [request.credit.amount.amountMinor] : [];
      expect(account.credits.map(({ amountMinor }) => amountMinor)).toEqual(given);
      expect(account.features).toEqual(['charting', 'claims']);
      const other = { ...request, idempotencyKey: newId('operation') };
      await expect(provider().changePlan(other)).rejects.toMatchObject({ status: 404, code: 'billing_unknown' });
    });

    it('takes the invoice of a period back as a whole when the plan changes on its first day', async () => {
      const first = await onboard(provider());
      const request = planChangeOf(first);
      expect(request.credit.periodStart).toBe(request.changesOn);
      const changed = await provider().changePlan(request);
      expect(await provider().changePlan(request)).toEqual(changed);
      const account = await provider().inspect(first.customerRef);
      expect(account.credits).toEqual([]);
      expect(account.invoices).toEqual([changed.invoices[0]]);
    });

    it('ends a change of plan in the same state wherever an answer is lost on the way', async () => {
      for (let count = 0, done = false; !done; count += 1) {
        underTest().clear();
        const first = await onboard(provider(), newId('operation'), newId('tenant'), firstOfMonth());
        const request = planChangeOf(first);
        const partial = request.credit.periodStart < request.changesOn;
        underTest().breakAfter(count);
        done = await provider()
          .changePlan(request)
          .then(
            () => true,
            () => false,
          );
        underTest().heal();
        const changed = await provider().changePlan(request);
        const account = await provider().inspect(first.customerRef);
        expect(account.subscriptions.filter(({ state }) => state === 'active').map(({ ref }) => ref)).toEqual([
          changed.subscriptionRef,
        ]);
        expect(account.credits).toHaveLength(partial ? 1 : 0);
        expect(account.invoices).toHaveLength(partial ? 2 : 1);
        expect(count).toBeLessThan(200);
      }
      // Each lost answer costs the client its pauses before it tries again.
    }, 300_000);
  });
}
