import { setTimeout as delay } from 'node:timers/promises';
import type { RouteAnswer } from '@bulkhead/isolation';
import { BulkheadError } from '@bulkhead/kernel';

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
      await delay(retryAfterMs(response.headers.get('retry-after'), Date.now()));
    }
  }
}

/**
 * Milliseconds to leave a service alone, by its Retry-After (RFC 9110, 10.2.3: seconds or a date); a second when it says
 * nothing that can be read, a minute at most.
 */
export function retryAfterMs(value: string | null, now: number): number {
  const seconds = /^\d+$/.test(value ?? '') ? Number(value) : (Date.parse(value ?? '') - now) / 1000;
  return Math.min(Math.max(Number.isNaN(seconds) ? 1 : seconds, 0) * 1000, MINUTE_MS);
}

/** What an answer holds. @throws BulkheadError `answer_unreadable` (503) naming address and status: a proxy's page is no JSON. */
export function parsed(address: string, { status, body }: RouteAnswer): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new BulkheadError({
      code: 'answer_unreadable',
      status: 503,
      publicMessage: `${address} answered ${status} with something that is no JSON.`,
      remediation: 'Check the address, and what stands in front of the service.',
      cause,
    });
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
