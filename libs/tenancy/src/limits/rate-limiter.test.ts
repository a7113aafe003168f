import fc from 'fast-check';
import { RateLimiter } from './rate-limiter.js';

const WINDOW = 60_000;

function limiterAt(): { limiter: RateLimiter; go: (ms: number) => void } {
  let now = 0;
  return { limiter: new RateLimiter(WINDOW, () => now), go: (ms) => void (now += ms) };
}

describe('the rate limiter', () => {
  it('gives a whole quota at once, refuses the next, and refills evenly', () => {
    const { limiter, go } = limiterAt();
    for (let n = 9; n >= 0; n--) expect(limiter.take('ten_a', 10)).toMatchObject({ allowed: true, remaining: n });
    expect(limiter.take('ten_a', 10)).toEqual({ allowed: false, remaining: 0, moreInMs: 6_000 });
    go(5_999);
    expect(limiter.take('ten_a', 10)).toMatchObject({ allowed: false, moreInMs: 1 });
    go(1);
    expect(limiter.take('ten_a', 10)).toMatchObject({ allowed: true, remaining: 0 });
    expect(limiter.take('ten_a', 10)).toMatchObject({ allowed: false, moreInMs: 6_000 });
  });

  it('keeps tenants apart, and allows nothing for a quota of nothing', () => {
    const { limiter } = limiterAt();
    expect(limiter.take('ten_a', 1).allowed).toBe(true);
    expect(limiter.take('ten_a', 1).allowed).toBe(false);
    expect(limiter.take('ten_b', 1).allowed).toBe(true);
    expect(limiter.take('ten_c', 0)).toEqual({ allowed: false, remaining: 0, moreInMs: WINDOW });
    expect(limiter.size).toBe(2);
  });

  it('never allows more than quota + refill in any span, however requests come', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 20 }), (waits, quota) => {
        const { limiter, go } = limiterAt();
        const allowedAt: number[] = [];
        let now = 0;
        for (const wait of waits) {
          go(wait);
          now += wait;
          if (limiter.take('ten_a', quota).allowed) allowedAt.push(now);
        }
        for (const [first, from] of allowedAt.entries()) {
          for (const [last, to] of allowedAt.entries()) {
            if (last < first) continue;
            const most = quota + ((to - from) * quota) / WINDOW;
            expect(last - first + 1).toBeLessThanOrEqual(most + 1e-6);
          }
        }
      }),
    );
  });

  it('forgets who was idle for a window, and nobody gains by it', () => {
    const { limiter, go } = limiterAt();
    for (let n = 0; n < 1_000; n++) limiter.take(`ten_${n}`, 5);
    expect(limiter.size).toBe(1_000);
    go(WINDOW);
    limiter.take('ten_busy', 5);
    go(WINDOW);
    limiter.take('ten_busy', 5);
    expect(limiter.size).toBeLessThanOrEqual(2);
    go(10 * WINDOW);
    limiter.take('ten_other', 5);
    expect(limiter.size).toBe(1);
  });

  it('remembers a tenant over the turn of generations', () => {
    const { limiter, go } = limiterAt();
    go(WINDOW - 1);
    limiter.take('ten_x', 1);
    go(1);
    for (let n = 0; n < 5; n++) limiter.take('ten_a', 5);
    go(WINDOW - 6_000);
    for (let n = 0; n < 4; n++) limiter.take('ten_a', 5);
    expect(limiter.take('ten_a', 5).allowed).toBe(false);
    go(6_000);
    expect(limiter.take('ten_a', 5).allowed).toBe(true);
    expect(limiter.take('ten_a', 5).allowed).toBe(false);
  });
});
