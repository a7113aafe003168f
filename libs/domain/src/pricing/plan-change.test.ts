import fc from 'fast-check';
import { addDays, daysBetween, type CalendarDate } from '../commercial/calendar-date.js';
import { billingPeriods, prorate } from '../commercial/invoice-schedule.js';
import { addMoney, money, sumMoney } from '../commercial/money.js';
import { planCharge } from '../commercial/plan-price.js';
import { periodOn, planChange } from './plan-change.js';

const plan = (unit: number, fee?: number, currency: 'USD' | 'EUR' = 'USD') => ({
  title: 'Plan',
  currency,
  quotas: { providers: 1_000_000 },
  price: { model: 'per-provider' as const, unitAmountMinor: unit, ...(fee !== undefined && { platformFeeMinor: fee }) },
});
const monthly = { interval: 'month', paymentTermDays: 14 } as const;

describe('a change of plan', () => {
  it('gives back the days that are left and charges the new plan for them', () => {
    const current = { charge: planCharge(plan(3000), 10), startsOn: '2026-01-01', interval: 'month' } as const;
    const change = planChange(current, { charge: planCharge(plan(6000), 10), ...monthly }, '2026-04-11');
    expect(change).toMatchObject({
      invoiced: { amountMinor: 30_000 },
      used: { amountMinor: 10_000 },
      credit: { periodStart: '2026-04-01', amount: { amountMinor: 20_000 } },
      dueFirst: { amountMinor: 20_000 },
    });
    expect(change.invoices[0]).toMatchObject({ periodStart: '2026-04-11', periodEnd: '2026-05-01' });
    expect(change.invoices[0]?.amount.amountMinor).toBe(40_000);
  });

  it('gives everything back on the first day of a period, and can owe the customer', () => {
    const current = { charge: planCharge(plan(3000), 10), startsOn: '2026-01-01', interval: 'month' } as const;
    const change = planChange(current, { charge: planCharge(plan(100), 10), ...monthly }, '2026-04-01');
    expect(change.used.amountMinor).toBe(0);
    expect(change.dueFirst.amountMinor).toBe(1000 - 30_000);
  });

  it('is refused between currencies', () => {
    const current = { charge: planCharge(plan(3000), 1), startsOn: '2026-01-01', interval: 'month' } as const;
    const next = { charge: planCharge(plan(3000, 0, 'EUR'), 1), ...monthly };
    expect(() => planChange(current, next, '2026-04-01')).toThrow(expect.objectContaining({ code: 'currency_change' }));
  });

  it('never loses or makes a cent: used and given back are what was invoiced, lines add up, nothing is negative', () => {
    const day = fc.integer({ min: 0, max: 3000 }).map((days) => addDays('2024-01-31', days));
    const input = fc.record({
      unit: fc.integer({ min: 0, max: 10_000_000 }),
      fee: fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
      quantity: fc.integer({ min: 1, max: 5000 }),
      startsOn: day,
      later: fc.integer({ min: 0, max: 1200 }),
      interval: fc.constantFrom('month' as const, 'year' as const),
      next: fc.integer({ min: 0, max: 10_000_000 }),
    });
    fc.assert(
      fc.property(input, ({ unit, fee, quantity, startsOn, later, interval, next }) => {
        const current = { charge: planCharge(plan(unit, fee), quantity), startsOn, interval };
        const changesOn = addDays(startsOn, later);
        const change = planChange(current, { charge: planCharge(plan(next), quantity), ...monthly }, changesOn);
        const { period, invoiced, used, credit, invoices, dueFirst } = change;
        expect(invoiced).toEqual(prorate(current.charge.total, period));
        expect(addMoney(used, credit.amount)).toEqual(invoiced);
        expect(
          sumMoney(
            credit.lines.map(({ amount }) => amount),
            'USD',
          ),
        ).toEqual(credit.amount);
        for (const { amountMinor } of [used, credit.amount, ...credit.lines.map(({ amount }) => amount)])
          expect(amountMinor).toBeGreaterThanOrEqual(0);
        const exact =
          (invoiced.amountMinor * daysBetween(period.periodStart, changesOn)) /
          daysBetween(period.periodStart, period.periodEnd);
        expect(Math.abs(used.amountMinor - exact)).toBeLessThanOrEqual(0.500001);
        expect(invoices[0]?.periodStart).toBe(changesOn);
        expect(addMoney(dueFirst, credit.amount)).toEqual(invoices[0]?.amount ?? money(0, 'USD'));
      }),
    );
  });

  it('finds the period of any day, as the schedule has it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 900 }),
        fc.constantFrom('month' as const, 'year' as const),
        (days, interval) => {
          const startsOn: CalendarDate = '2023-12-31';
          const day = addDays(startsOn, days);
          const period = periodOn({ startsOn, interval }, day);
          expect(period.periodStart <= day && day < period.periodEnd).toBe(true);
          expect(billingPeriods(startsOn, interval, 60)).toContainEqual(period);
        },
      ),
    );
    expect(() => periodOn({ startsOn: '2024-02-01', interval: 'month' }, '2024-01-31')).toThrow(RangeError);
  });
});
