/** One side of a comparison: does the thing once. */
export type Side = () => Promise<unknown>;

export interface Comparison {
  readonly name: string;
  /** What is measured. */
  readonly subject: Side;
  /** What it is measured against. */
  readonly against: Side;
  /** What each side finds; done before every sample of it, and not measured. */
  readonly before?: { readonly subject: Side; readonly against: Side };
  /** Highest median ratio that is accepted; absent when the ratio is only reported. */
  readonly limit?: number;
  /** How often a side runs for one sample; more for what is short. */
  readonly repeats: number;
  /** What one run of a side does so often, where a single one is too short to be timed. Defaults to 1. */
  readonly operations?: number;
}

export interface Result {
  readonly name: string;
  readonly pairs: number;
  /** Median time of one operation, microseconds. */
  readonly subjectUs: number;
  readonly againstUs: number;
  /** Median of subject ÷ against over the pairs, with its 95% confidence interval. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly limit?: number;
}

/**
 * Compares in pairs: both sides right after one another, in random order, so that whatever else the machine does hits
 * both alike. All comparisons take turns, for the same reason.
 */
export async function compare(comparisons: readonly Comparison[], pairs: number): Promise<Result[]> {
  const samples = comparisons.map(() => [] as { subject: number; against: number }[]);
  for (const comparison of comparisons) {
    await sample(comparison, 'subject', 5);
    await sample(comparison, 'against', 5);
  }
  for (let pair = 0; pair < pairs; pair++) {
    for (const [n, comparison] of comparisons.entries()) samples[n]?.push(await onePair(comparison));
  }
  return comparisons.map((comparison, n) => summarise(comparison, samples[n] ?? []));
}

async function onePair(comparison: Comparison): Promise<{ subject: number; against: number }> {
  if (Math.random() < 0.5) {
    const subject = await sample(comparison, 'subject');
    return { subject, against: await sample(comparison, 'against') };
  }
  const against = await sample(comparison, 'against');
  return { subject: await sample(comparison, 'subject'), against };
}

async function sample(comparison: Comparison, side: 'subject' | 'against', times = 1): Promise<number> {
  await comparison.before?.[side]();
  return await timed(comparison[side], comparison.repeats * times);
}

/** Time of one run, microseconds. */
async function timed(side: Side, repeats: number): Promise<number> {
  const started = performance.now();
  for (let n = 0; n < repeats; n++) await side();
  return ((performance.now() - started) * 1000) / repeats;
}

function summarise(
  { name, limit, operations = 1 }: Comparison,
  samples: readonly { subject: number; against: number }[],
): Result {
  const ratios = samples.map(({ subject, against }) => subject / against).sort((a, b) => a - b);
  const { low, high } = medianInterval(ratios.length);
  return {
    name,
    pairs: samples.length,
    subjectUs: median(samples.map(({ subject }) => subject)) / operations,
    againstUs: median(samples.map(({ against }) => against)) / operations,
    ratio: median(ratios),
    low: ratios[low] ?? Number.NaN,
    high: ratios[high] ?? Number.NaN,
    ...(limit === undefined ? {} : { limit }),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] =
    sorted.length % 2 === 1 ? [sorted[half], sorted[half]] : [sorted[half - 1], sorted[half]];
  return (low + high) / 2;
}

/** Places of the order statistics that enclose the median with 95%: binomial(n, ½) by its normal approximation. */
function medianInterval(n: number): { low: number; high: number } {
  const spread = 1.96 * Math.sqrt(n) * 0.5;
  return { low: Math.max(0, Math.floor(n / 2 - spread)), high: Math.min(n - 1, Math.ceil(n / 2 + spread)) };
}

/** Whether the median ratio keeps to its limit; undefined where none was set. */
export function holds({ ratio, limit }: Result): boolean | undefined {
  return limit === undefined ? undefined : ratio <= limit;
}
