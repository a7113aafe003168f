/** What a limiter says to one request. Times are milliseconds. */
export interface RateDecision {
  readonly allowed: boolean;
  /** Requests of this size that would be allowed right now. */
  readonly remaining: number;
  /** Until one more is allowed. */
  readonly moreInMs: number;
}

/**
 * Generic cell rate algorithm (ITU-T I.371, as a token bucket with one number for each key): up to `quota` at once,
 * refilled evenly over `windowMs`. Within any span of one window at most twice the quota is allowed, in the long run the
 * quota.
 *
 * Memory: a key's number is the time at which its bucket is full again, never more than one window ahead. Keys that were
 * not used for a whole window can therefore be dropped without anybody noticing: two generations take turns, and what
 * was not used while one was young goes with it.
 */
export class RateLimiter {
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #turnAt = -Infinity;

  constructor(
    private readonly windowMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Keys that are held: those used within the last two windows. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Counts one request against a quota, which may differ from call to call. A quota below 1 allows none. */
  take(key: string, quota: number): RateDecision {
    const now = this.now();
    this.#turn(now);
    if (quota < 1) return { allowed: false, remaining: 0, moreInMs: this.windowMs };
    const interval = this.windowMs / quota;
    const fullAt = Math.max(now, this.#young.get(key) ?? this.#old.get(key) ?? now);
    const next = fullAt + interval;
    // A rounding error must not refuse the last request of a full bucket.
    const over = next - now - this.windowMs;
    if (over > 1e-6) return { allowed: false, remaining: 0, moreInMs: over };
    this.#young.set(key, next);
    this.#old.delete(key);
    const remaining = Math.floor((now + this.windowMs - next) / interval + 1e-6);
    return {
      allowed: true,
      remaining,
      moreInMs: Math.max(0, (remaining + 1) * interval - (now + this.windowMs - next)),
    };
  }

  #turn(now: number): void {
    if (now - this.#turnAt < this.windowMs) return;
    // After two windows without a request the young generation is as idle as the old one.
    this.#old = now - this.#turnAt < 2 * this.windowMs ? this.#young : new Map();
    this.#young = new Map();
    this.#turnAt = now;
  }
}
