import type { BillingInterval } from '../templates/template-types.js';
import { addDays, addMonths, daysBetween, type CalendarDate } from './calendar-date.js';
import { allocateMoney, scaleMoney, type Money } from './money.js';
import type { PlanCharge, PriceLine } from './plan-price.js';

/** A stretch of days that one invoice pays for: `periodStart` included, `periodEnd` excluded. */
export interface BillingPeriod {
  readonly periodStart: CalendarDate;
  readonly periodEnd: CalendarDate;
  /** Days of the whole period that this one is a part of; equal to its own length unless it is prorated. */
  readonly wholeDays: number;
}

export interface ScheduledInvoice {
  readonly periodStart: CalendarDate;
  readonly periodEnd: CalendarDate;
  readonly dueDate: CalendarDate;
  readonly amount: Money;
  /** Add up to `amount`. */
  readonly lines: readonly { readonly code: PriceLine['code']; readonly amount: Money }[];
}

/** Periods in a first schedule: a year, whatever the interval, and the prorated rest of the first month. */
const FIRST_YEAR = { month: 12, year: 1 } as const;

/**
 * The first periods of a subscription, without gaps. Monthly plans run by calendar month: one that starts after the
 * first begins with the rest of that month. Yearly plans run from the start to its anniversary (from 29 February to 28
 * February in common years), so they begin whole.
 */
export function billingPeriods(
  startsOn: CalendarDate,
  interval: BillingInterval,
  wholePeriods: number = FIRST_YEAR[interval],
): BillingPeriod[] {
  const anchor = interval === 'month' ? firstOfMonth(startsOn) : startsOn;
  const step = interval === 'month' ? 1 : 12;
  const partial = anchor !== startsOn ? 1 : 0;
  return Array.from({ length: wholePeriods + partial }, (_, index) => {
    const wholeStart = addMonths(anchor, index * step);
    const periodEnd = addMonths(anchor, (index + 1) * step);
    return {
      periodStart: index === 0 ? startsOn : wholeStart,
      periodEnd,
      wholeDays: daysBetween(wholeStart, periodEnd),
    };
  });
}

/**
 * A part of a period's price by days, rounded half to even once on the total.
 * @param period days paid for over `wholeDays`.
 */
export function prorate(amount: Money, period: BillingPeriod): Money {
  return scaleMoney(amount, daysBetween(period.periodStart, period.periodEnd), period.wholeDays);
}

/**
 * First invoice schedule of a subscription, billed in advance: each invoice falls due `paymentTermDays` after its
 * period starts. The total is prorated and then shared among the lines, so that lines and total always agree.
 */
export function invoiceSchedule({
  charge,
  startsOn,
  interval,
  paymentTermDays,
}: {
  readonly charge: PlanCharge;
  readonly startsOn: CalendarDate;
  readonly interval: BillingInterval;
  readonly paymentTermDays: number;
}): ScheduledInvoice[] {
  return billingPeriods(startsOn, interval).map((period) => {
    const amount = prorate(charge.total, period);
    return {
      periodStart: period.periodStart,
      periodEnd: period.periodEnd,
      dueDate: addDays(period.periodStart, paymentTermDays),
      amount,
      lines: shareAmongLines(amount, charge.lines),
    };
  });
}

function shareAmongLines(amount: Money, lines: readonly PriceLine[]): ScheduledInvoice['lines'] {
  const weights = lines.map((line) => line.amount.amountMinor);
  // A free plan has no proportion to keep: its lines are all zero.
  const shares = weights.some((weight) => weight > 0)
    ? allocateMoney(amount, weights)
    : lines.map((line) => line.amount);
  return lines.map(({ code }, index) => ({ code, amount: shares[index] ?? scaleMoney(amount, 0) }));
}

function firstOfMonth(day: CalendarDate): CalendarDate {
  return `${day.slice(0, 8)}01` as CalendarDate;
}
