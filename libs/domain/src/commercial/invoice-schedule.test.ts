import fc from 'fast-check';
import { addDays, addMonths, calendarDate, dateOf, daysBetween, startOfDay } from './calendar-date.js';
import { billingPeriods, invoiceSchedule, prorate } from './invoice-schedule.js';
import { money, sumMoney } from './money.js';
import { planCharge } from './plan-price.js';

const clinic = {
  title: 'Clinic',
  currency: 'USD',
  price: { model: 'per-provider', unitAmountMinor: 14_900 },
  quotas: { providers: 25 },
} as const;
const enterprise = {
  title: 'Enterprise',
  currency: 'USD',
  price: { model: 'flat', unitAmountMinor: 24_000_000, platformFeeMinor: 6_000_000 },
  quotas: {},
} as const;

const day = fc.integer({ min: 0, max: 40_000 }).map((n) => addDays('2000-01-01', n));
const interval = fc.constantFrom('month', 'year');

describe('calendar days', () => {
  it('are refused when the calendar does not have them', () => {
    for (const bad of ['2026-02-29', '2026-13-01', '2026-1-1', '26-01-01', '2026-01-01T00:00', '']) {
      expect(() => calendarDate(bad)).toThrow('Not a calendar day');
    }
    expect(calendarDate('2024-02-29')).toBe('2024-02-29');
  });

  it('are those of UTC', () => {
    expect(dateOf(new Date('2026-11-30T23:59:59.999Z'))).toBe('2026-11-30');
    expect(startOfDay('1970-01-02')).toBe(86_400);
  });

  it('end a month early rather than spill into the next', () => {
    expect(addMonths('2026-01-31', 1)).toBe('2026-02-28');
    expect(addMonths('2024-02-29', 12)).toBe('2025-02-28');
    expect(addMonths('2026-11-15', 2)).toBe('2027-01-15');
  });
});

describe('plan price', () => {
  it('multiplies the unit price by the quantity, and adds the platform fee once', () => {
    expect(planCharge(clinic, 5).total).toEqual(money(74_500, 'USD'));
    expect(planCharge(enterprise, 1).lines.map(({ code, amount }) => [code, amount.amountMinor])).toEqual([
      ['licence', 24_000_000],
      ['platform-fee', 6_000_000],
    ]);
    expect(planCharge(enterprise, 1).total).toEqual(money(30_000_000, 'USD'));
  });

  it.each([0, -1, 1.5, 26, Number.NaN])('refuses %p providers', (quantity) => {
    expect(() => planCharge(clinic, quantity)).toThrow('1 to 25 providers');
  });

  it('sells a flat plan once', () => {
    expect(() => planCharge(enterprise, 2)).toThrow('sold once');
  });
});

describe('invoice schedule', () => {
  it('prorates the first month by day and bills whole months from the first on', () => {
    const schedule = invoiceSchedule({
      charge: planCharge(clinic, 5),
      startsOn: '2026-11-22',
      interval: 'month',
      paymentTermDays: 14,
    });
    expect(schedule).toHaveLength(13);
    expect(schedule.slice(0, 2)).toEqual([
      {
        periodStart: '2026-11-22',
        periodEnd: '2026-12-01',
        dueDate: '2026-12-06',
        amount: money(22_350, 'USD'),
        lines: [{ code: 'licence', amount: money(22_350, 'USD') }],
      },
      {
        periodStart: '2026-12-01',
        periodEnd: '2027-01-01',
        dueDate: '2026-12-15',
        amount: money(74_500, 'USD'),
        lines: [{ code: 'licence', amount: money(74_500, 'USD') }],
      },
    ]);
    expect(schedule.at(-1)?.periodEnd).toBe('2027-12-01');
  });

  it('starts whole on the first of a month, and on any day for a yearly plan', () => {
    expect(
      invoiceSchedule({ charge: planCharge(clinic, 1), startsOn: '2026-12-01', interval: 'month', paymentTermDays: 0 }),
    ).toHaveLength(12);
    const yearly = invoiceSchedule({
      charge: planCharge(enterprise, 1),
      startsOn: '2026-11-22',
      interval: 'year',
      paymentTermDays: 45,
    });
    expect(yearly).toMatchObject([
      { periodStart: '2026-11-22', periodEnd: '2027-11-22', dueDate: '2027-01-06', amount: money(30_000_000, 'USD') },
    ]);
  });

  it('covers every day once, and what is prorated never exceeds the whole', () => {
    fc.assert(
      fc.property(day, interval, (startsOn, each) => {
        const periods = billingPeriods(startsOn, each);
        expect(periods[0]?.periodStart).toBe(startsOn);
        const lengths = periods.map((period) => daysBetween(period.periodStart, period.periodEnd));
        periods.forEach((period, index) => {
          expect(lengths[index]).toBeGreaterThan(0);
          expect(lengths[index]).toBeLessThanOrEqual(period.wholeDays);
        });
        periods.slice(1).forEach((period, index) => {
          expect(period.periodStart).toBe(periods[index]?.periodEnd);
          expect(lengths[index + 1]).toBe(period.wholeDays);
        });
      }),
    );
  });

  it('splits a month between two subscribers to within one minor unit of its price', () => {
    fc.assert(
      fc.property(day, fc.nat(1_000_000_000), (startsOn, price) => {
        const [first] = billingPeriods(startsOn, 'month');
        if (first === undefined || first.wholeDays === daysBetween(first.periodStart, first.periodEnd)) return;
        const before = {
          periodStart: addDays(first.periodEnd, -first.wholeDays),
          periodEnd: startsOn,
          wholeDays: first.wholeDays,
        };
        const both = prorate(money(price, 'USD'), first).amountMinor + prorate(money(price, 'USD'), before).amountMinor;
        expect(Math.abs(both - price)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('has lines that add up to each amount', () => {
    const fee = fc.option(fc.nat(10_000_000), { nil: undefined });
    fc.assert(
      fc.property(
        day,
        interval,
        fc.nat(10_000_000),
        fee,
        fc.integer({ min: 1, max: 25 }),
        (startsOn, each, unit, platformFeeMinor, quantity) => {
          const price = {
            model: 'per-provider',
            unitAmountMinor: unit,
            ...(platformFeeMinor === undefined ? {} : { platformFeeMinor }),
          } as const;
          const charge = planCharge({ ...clinic, price }, quantity);
          for (const invoice of invoiceSchedule({ charge, startsOn, interval: each, paymentTermDays: 30 })) {
            expect(
              sumMoney(
                invoice.lines.map((line) => line.amount),
                'USD',
              ),
            ).toEqual(invoice.amount);
          }
        },
      ),
    );
  });
});
