import { setTimeout as delay } from 'node:timers/promises';
import type { RouteAnswer } from '@bulkhead/isolation';

const TIMEOUT_MS = 10_000;
const MINUTE_MS = 60_000;
/** Refusals that one address may collect in a minute at our API: below what it bears before it answers nobody there (60). */
export const REFUSALS_PER_MINUTE = 50;
const TRIES = 4;

/** When each origin has refused this process, milliseconds. Every proof of the process counts. */
const refusals = new Map<string, number[]>();

/** Carries requests, no faster than a service bears from one address. */
export class Courier {
  constructor(private readonly refusalsPerMinute = Number.POSITIVE_INFINITY) {}

  /** Answers like any other, 429 only when the service goes on refusing after it was left alone for as long as it asked. */
  async send(address: string, init: RequestInit = {}): Promise<RouteAnswer> {
    const { origin } = new URL(address);
    for (let tries = 1; ; tries++) {
      await roomFor(origin, this.refusalsPerMinute);
      const response = await fetch(address, {
        ...init,
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body = await response.text();
      if (response.status === 401) refusals.set(origin, [...recent(origin), Date.now()]);
      if (response.status !== 429 || tries === TRIES)
        return { status: response.status, headers: Object.fromEntries(response.headers), body };
      await delay(Math.min(Number(response.headers.get('retry-after') ?? 1) * 1000, MINUTE_MS));
    }
  }
}

async function roomFor(origin: string, refusalsPerMinute: number): Promise<void> {
  for (;;) {
    const [first, ...rest] = recent(origin);
    if (first === undefined || rest.length + 1 < refusalsPerMinute) return;
    await delay(Math.max(first + MINUTE_MS - Date.now(), 1));
  }
}

function recent(origin: string): number[] {
  return (refusals.get(origin) ?? []).filter((time) => time > Date.now() - MINUTE_MS);
}
