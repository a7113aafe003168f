import { BulkheadError } from '@bulkhead/kernel';

/**
 * A day, `YYYY-MM-DD`, in UTC. Billing counts days, not instants: a day has no daylight saving, so every month has the
 * same number of days for everybody and two parties cannot disagree on a proration. Sorts as text.
 */
export type CalendarDate = `${number}-${number}-${number}`;

const DAY_MS = 86_400_000;

/** @throws BulkheadError `invalid_date` (422) for text that is not a day of the calendar. */
export function calendarDate(text: string): CalendarDate {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  const day = Number.isNaN(at) ? undefined : toDate(at);
  // 30 February parses, as 2 March.
  if (day === text) return day;
  throw new BulkheadError({
    code: 'invalid_date',
    status: 422,
    publicMessage: 'Not a calendar day.',
    remediation: 'Send a day as YYYY-MM-DD, for example 2026-11-30.',
  });
}

/** The day, in UTC, in which an instant lies. */
export function dateOf(instant: Date): CalendarDate {
  return toDate(instant.getTime());
}

/** Unix time of the first second (00:00 UTC) of a day. */
export function startOfDay(day: CalendarDate): number {
  return midnight(day) / 1000;
}

export function addDays(day: CalendarDate, days: number): CalendarDate {
  return toDate(midnight(day) + days * DAY_MS);
}

/** The same day some months on; the last day of the month where that month is too short (31 Jan + 1 = 28 or 29 Feb). */
export function addMonths(day: CalendarDate, months: number): CalendarDate {
  const from = new Date(midnight(day));
  const first = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1));
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(from.getUTCDate(), lastDay));
  return toDate(first.getTime());
}

/** Days from `from` (included) to `to` (excluded); negative when `to` is earlier. */
export function daysBetween(from: CalendarDate, to: CalendarDate): number {
  return (midnight(to) - midnight(from)) / DAY_MS;
}

function midnight(day: CalendarDate): number {
  return Date.parse(`${day}T00:00:00Z`);
}

function toDate(at: number): CalendarDate {
  return new Date(at).toISOString().slice(0, 10) as CalendarDate;
}
