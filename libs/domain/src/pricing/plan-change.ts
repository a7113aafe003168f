import { BulkheadError } from '@bulkhead/kernel';
import type { CalendarDate } from '../commercial/calendar-date.js';
import { daysBetween } from '../commercial/calendar-date.js';
import {
  billingPeriods,
  invoiceSchedule,
  prorate,
  type BillingPeriod,
  type ScheduledInvoice,
} from '../commercial/invoice-schedule.js';
import { addMoney, allocateMoney, money, scaleMoney, type Money } from '../commercial/money.js';
import type { PlanCharge, PriceLine } from '../commercial/plan-price.js';
import type { BillingInterval } from '../templates/template-types.js';

export interface RunningSubscription {
  readonly charge: PlanCharge;
  readonly startsOn: CalendarDate;
  readonly interval: BillingInterval;
}

/** What is given back for the days of a paid period that are not used. The lines add up to the amount. */
export interface UnusedCredit {
  /** Start of the invoiced period; it is what identifies the invoice. */
  readonly periodStart: CalendarDate;
  readonly amount: Money;
  readonly lines: readonly { readonly code: PriceLine['code']; readonly amount: Money }[];
}

export interface PlanChange {
  readonly changesOn: CalendarDate;
  /** The period of the old plan that runs on that day. */
  readonly period: BillingPeriod;
  readonly invoiced: Money;
  /** `used + credit.amount` is `invoiced`, to the minor unit. */
  readonly used: Money;
  readonly credit: UnusedCredit;
  /** The new plan's invoices from that day on. */
  readonly invoices: readonly ScheduledInvoice[];
  /** First invoice less the credit; negative when more is given back than asked for. */
  readonly dueFirst: Money;
}

/**
 * Ends one plan and begins another on a day. Days are counted as in the schedule: the old plan pays for the days before
 * `changesOn`, `invoiced × days used / days of the period` rounded half to even once, and everything else of the invoice
 * is given back; the new plan's first period begins on `changesOn`. It is the credit-and-charge proration of
 * https://docs.stripe.com/billing/subscriptions/prorations with days instead of seconds.
 * @throws BulkheadError `currency_change` (422): a credit in one currency does not pay an invoice in another.
 */
export function planChange(
  current: RunningSubscription,
  next: { readonly charge: PlanCharge; readonly interval: BillingInterval; readonly paymentTermDays: number },
  changesOn: CalendarDate,
): PlanChange {
  if (current.charge.total.currency !== next.charge.total.currency) throw currencyChange();
  const period = periodOn(current, changesOn);
  const invoiced = prorate(current.charge.total, period);
  const days = daysBetween(period.periodStart, period.periodEnd);
  const used = scaleMoney(invoiced, daysBetween(period.periodStart, changesOn), days);
  const amount = addMoney(invoiced, negative(used));
  const invoices = invoiceSchedule({ ...next, startsOn: changesOn });
  const first = invoices[0]?.amount ?? money(0, invoiced.currency);
  const credit = { periodStart: period.periodStart, amount, lines: shared(amount, current.charge.lines) };
  return { changesOn, period, invoiced, used, credit, invoices, dueFirst: addMoney(first, negative(amount)) };
}

/** The billing period that a day lies in. @throws RangeError for a day before the subscription began. */
export function periodOn(
  { startsOn, interval }: Omit<RunningSubscription, 'charge'>,
  day: CalendarDate,
): BillingPeriod {
  const intervals = Math.ceil(daysBetween(startsOn, day) / (interval === 'month' ? 28 : 365)) + 2;
  const found = billingPeriods(startsOn, interval, intervals).find(
    ({ periodStart, periodEnd }) => periodStart <= day && day < periodEnd,
  );
  if (found) return found;
  throw new RangeError(`The subscription begins on ${startsOn}, after ${day}`);
}

function shared(amount: Money, lines: readonly PriceLine[]): UnusedCredit['lines'] {
  const weights = lines.map((line) => line.amount.amountMinor);
  const shares = weights.some((weight) => weight > 0)
    ? allocateMoney(amount, weights)
    : lines.map(() => money(0, amount.currency));
  return lines.map(({ code }, index) => ({ code, amount: shares[index] ?? money(0, amount.currency) }));
}

function negative(amount: Money): Money {
  return money(-amount.amountMinor, amount.currency);
}

function currencyChange(): BulkheadError {
  return new BulkheadError({
    code: 'currency_change',
    status: 422,
    publicMessage: 'The plans are sold in different currencies.',
    remediation: 'Choose a plan in the currency of the present one.',
  });
}
