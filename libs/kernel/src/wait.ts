import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls until `probe` gives something other than undefined, null or false.
 * @param what names the awaited condition in the error.
 * @throws Error after `timeoutMs`, with the last error of the probe as its cause.
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  { timeoutMs = 15_000, intervalMs = 50 }: { timeoutMs?: number; intervalMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}`, { cause: last });
    await delay(intervalMs);
  }
}
