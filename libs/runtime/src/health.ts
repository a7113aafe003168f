import { setTimeout as delay } from 'node:timers/promises';

/** A part that must answer before this process can serve; throws when it does not. */
export type HealthCheck = () => Promise<unknown>;

export interface Readiness {
  readonly ready: boolean;
  /** Only up or down: why a part is down is for the log, not for whoever asks. */
  readonly checks: Readonly<Record<string, 'up' | 'down'>>;
}

/**
 * Runs all checks at the same time; one that does not answer within `timeoutMs` counts as down.
 * @param onDown hears which part failed and why.
 */
export async function readiness(
  checks: Readonly<Record<string, HealthCheck>>,
  { timeoutMs = 2000, onDown }: { timeoutMs?: number; onDown?: (part: string, error: unknown) => void } = {},
): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([part, check]) => {
      const stop = new AbortController();
      const late = delay(timeoutMs, undefined, { signal: stop.signal, ref: false }).then(() => {
        throw new Error('No answer in time');
      });
      late.catch(() => {});
      try {
        await Promise.race([check(), late]);
        return [part, 'up'] as const;
      } catch (error) {
        onDown?.(part, error);
        return [part, 'down'] as const;
      } finally {
        stop.abort();
      }
    }),
  );
  return { ready: results.every(([, state]) => state === 'up'), checks: Object.fromEntries(results) };
}
