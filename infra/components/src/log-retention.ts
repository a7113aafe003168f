/** Retentions that CloudWatch Logs accepts, days (API reference, PutRetentionPolicy). */
const ACCEPTED_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/**
 * The shortest accepted retention that keeps logs for at least `days`.
 * @throws RangeError past ten years, the longest that CloudWatch Logs offers short of for ever.
 */
export function logRetentionDays(days: number): number {
  const accepted = ACCEPTED_DAYS.find((candidate) => candidate >= days);
  if (accepted === undefined) throw new RangeError(`CloudWatch Logs cannot keep logs for ${days} days`);
  return accepted;
}
