import fc from 'fast-check';
import { TenantCache } from './tenant-cache.js';

const place = (tenantId: string, epoch = 1) => ({ tenantId, epoch });

describe('the cache of a tenant', () => {
  it('finds nothing after a move, nor before it what was read after', () => {
    const cache = new TenantCache<string>({ capacity: 10, maxAgeMs: 60_000 });
    cache.set(place('ten_a', 1), 'plan', 'old');
    expect(cache.get(place('ten_a', 2), 'plan')).toBeUndefined();
    cache.set(place('ten_a', 2), 'plan', 'new');
    expect([cache.get(place('ten_a', 1), 'plan'), cache.get(place('ten_a', 2), 'plan')]).toEqual(['old', 'new']);
  });

  it('gives no tenant what another one put there, whatever tenants and keys look like', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('a', 'a b', 'a","b', '1', 'ten_a 1', '"', '\\'));
    const key = fc.tuple(part, fc.integer({ min: 1, max: 12 }), part);
    fc.assert(
      fc.property(key, key, ([t1, e1, k1], [t2, e2, k2]) => {
        const cache = new TenantCache<string>({ capacity: 10, maxAgeMs: 60_000 });
        cache.set(place(t1, e1), k1, 'mine');
        const same = t1 === t2 && e1 === e2 && k1 === k2;
        expect(cache.get(place(t2, e2), k2)).toBe(same ? 'mine' : undefined);
      }),
    );
  });

  it('holds no more than it may, and lets go of what was used longest ago', () => {
    const cache = new TenantCache<number>({ capacity: 2, maxAgeMs: 60_000 });
    cache.set(place('ten_a'), 'k', 1);
    cache.set(place('ten_b'), 'k', 2);
    cache.get(place('ten_a'), 'k');
    cache.set(place('ten_c'), 'k', 3);
    expect(['ten_a', 'ten_b', 'ten_c'].map((tenant) => cache.get(place(tenant), 'k'))).toEqual([1, undefined, 3]);
    expect(cache.size).toBe(2);
  });

  it('uses nothing that is too old, or that ended by itself', () => {
    const cache = new TenantCache<number>({ capacity: 2, maxAgeMs: 60_000 });
    cache.set(place('ten_a'), 'k', 1, 0);
    expect(cache.get(place('ten_a'), 'k')).toBeUndefined();
    const old = new TenantCache<number>({ capacity: 2, maxAgeMs: 0 });
    old.set(place('ten_a'), 'k', 1, 60_000);
    expect([old.get(place('ten_a'), 'k'), old.size]).toEqual([undefined, 0]);
  });

  it('forgets on request, and not what has taken the place of it', () => {
    const cache = new TenantCache<object>({ capacity: 2, maxAgeMs: 60_000 });
    const [first, second] = [{}, {}];
    cache.set(place('ten_a'), 'k', second);
    cache.delete(place('ten_a'), 'k', first);
    expect(cache.get(place('ten_a'), 'k')).toBe(second);
    cache.delete(place('ten_a'), 'k');
    expect(cache.get(place('ten_a'), 'k')).toBeUndefined();
  });
});
