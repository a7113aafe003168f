import { BulkheadError } from '@bulkhead/kernel';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

const SECONDS = 60;
/** Wrong credentials from one address in a minute: room for mistakes, none for guessing. */
const FAILURES_PER_MINUTE = 60;

/** Limits of this process; with several processes each has its own. */
export class RateLimits {
  readonly #requests: RateLimiterMemory;
  readonly #failures = new RateLimiterMemory({ points: FAILURES_PER_MINUTE, duration: SECONDS });

  constructor(requestsPerMinute: number) {
    this.#requests = new RateLimiterMemory({ points: requestsPerMinute, duration: SECONDS });
  }

  /** Counts a request of a principal. @throws TooManyRequests */
  request(principal: string): Promise<void> {
    return consume(this.#requests, principal);
  }

  /** Counts wrong credentials from an address. @throws TooManyRequests */
  failure(address: string): Promise<void> {
    return consume(this.#failures, address);
  }

  /** Refuses an address that has failed too often, before its next credential is looked at. @throws TooManyRequests */
  async address(address: string): Promise<void> {
    const failures = await this.#failures.get(address);
    if (failures && failures.remainingPoints <= 0) throw new TooManyRequests(failures.msBeforeNext);
  }
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (error) {
    if (error instanceof RateLimiterRes) throw new TooManyRequests(error.msBeforeNext);
    throw error;
  }
}

export class TooManyRequests extends BulkheadError {
  readonly retryAfterSeconds: number;

  constructor(msBeforeNext: number) {
    const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
    super({
      code: 'too_many_requests',
      status: 429,
      retryable: true,
      publicMessage: 'Too many requests in the last minute.',
      remediation: `Wait ${seconds} seconds (Retry-After), then go on more slowly.`,
    });
    this.retryAfterSeconds = seconds;
  }
}
