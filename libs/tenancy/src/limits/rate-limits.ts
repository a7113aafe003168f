import { BulkheadError } from '@bulkhead/kernel';
import type { Entitlements } from '../entitlements/entitlements.js';
import { RateLimiter, type RateDecision } from './rate-limiter.js';

/** How fast tenants may call the routes of one class. */
export interface RateClass {
  /** Quota of the plan that says how many requests a minute holds, such as `apiRequestsPerMinute`. */
  readonly quota: string;
  /** Part of the quota that this class may take, above 0 up to 1. Defaults to 1. */
  readonly share?: number;
}

export interface RateLimitsOptions {
  readonly entitlements: Entitlements;
  readonly classes: Readonly<Record<string, RateClass>>;
  /**
   * Processes of this service that share the load. Each counts for itself and allows its part of the quota, so together
   * they never allow more than it; a tenant whose requests all reach one process gets less.
   */
  readonly instances: number;
}

/** The header fields of draft-ietf-httpapi-ratelimit-headers-10, with the figures of this process. */
export interface RateLimitHeaders {
  readonly 'ratelimit-policy': string;
  readonly ratelimit: string;
}

export interface RateVerdict {
  readonly headers: RateLimitHeaders;
  /** Thrown when the request is over the limit. */
  readonly refusal?: RateLimited;
}

/** 429, with the seconds for `Retry-After`. */
export class RateLimited extends BulkheadError {
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super({
      code: 'rate_limited',
      status: 429,
      retryable: true,
      publicMessage: 'The tenant sends more requests than its plan allows.',
      remediation: `Wait ${retryAfterSeconds} s (Retry-After), then go on more slowly; RateLimit says how many are left.`,
    });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const WINDOW_SECONDS = 60;

interface Class {
  readonly quota: string;
  readonly part: number;
  readonly limiter: RateLimiter;
}

/** Limits by tenant and class of routes, as high as each tenant's plan says. */
export class RateLimits {
  readonly #entitlements: Entitlements;
  readonly #classes = new Map<string, Class>();

  /** @throws Error for a class whose name cannot stand in a header, a share outside of (0, 1], or a bad count. */
  constructor({ entitlements, classes, instances }: RateLimitsOptions) {
    if (!Number.isSafeInteger(instances) || instances < 1) throw new Error('instances must be a whole number above 0');
    this.#entitlements = entitlements;
    for (const [name, { quota, share = 1 }] of Object.entries(classes)) {
      if (!/^[\w-]{1,64}$/.test(name)) throw new Error(`Rate class ${name} cannot stand in a header`);
      if (!(share > 0 && share <= 1)) throw new Error(`Rate class ${name} must have a share above 0 and up to 1`);
      const limiter = new RateLimiter(WINDOW_SECONDS * 1000);
      this.#classes.set(name, { quota, part: share / instances, limiter });
    }
  }

  /** Whether there is a class of this name. */
  has(name: string): boolean {
    return this.#classes.has(name);
  }

  /**
   * Counts one request of the tenant.
   * @throws BulkheadError `entitlements_stale` (503); Error for a class that there is not.
   */
  take(tenantId: string, name: string): RateVerdict {
    const found = this.#classes.get(name);
    if (found === undefined) throw new Error(`There is no rate class ${name}`);
    const whole = this.#entitlements.quota(tenantId, found.quota) * found.part;
    // Whoever has bought one request a minute gets it from every process; 0 stays 0.
    const quota = whole > 0 ? Math.max(1, Math.floor(whole)) : 0;
    const decision = found.limiter.take(tenantId, quota);
    const headers = headersOf(name, quota, decision);
    return decision.allowed ? { headers } : { headers, refusal: new RateLimited(seconds(decision.moreInMs)) };
  }
}

/** `t` is the time until more becomes available, as the draft says since its tenth edition. */
function headersOf(name: string, quota: number, decision: RateDecision): RateLimitHeaders {
  return {
    'ratelimit-policy': `"${name}";q=${quota};w=${WINDOW_SECONDS}`,
    ratelimit: `"${name}";r=${decision.remaining};t=${seconds(decision.moreInMs)}`,
  };
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
