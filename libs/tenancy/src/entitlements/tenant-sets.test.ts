import { newId } from '@bulkhead/kernel';
import { entitlementSet } from './entitlement-set.js';
import { TenantSets } from './tenant-sets.js';

const [none, some, all] = [entitlementSet([]), entitlementSet(['a']), entitlementSet(['a', 'b'])];

describe.each([1_000, 20_000])('the sets of %i tenants', (size) => {
  const ids = Array.from({ length: size }, () => newId('tenant'));
  const filled = (): TenantSets => {
    const sets = new TenantSets();
    sets.take(
      ids.map((tenantId, n) => ({ tenantId, set: n % 2 === 0 ? some : all })),
      true,
    );
    return sets;
  };
  const wrong = (sets: TenantSets, expected: (n: number) => object | undefined) =>
    // Twice, the second time from the table; and as texts that no map has seen.
    [...ids.keys(), ...ids.keys()].filter((n) => sets.get(Buffer.from(ids[n] as string).toString()) !== expected(n));

  it('are each tenant’s own, whoever was asked for before', () => {
    expect(wrong(filled(), (n) => (n % 2 === 0 ? some : all))).toEqual([]);
  });

  it('are the new ones after a change, also of a tenant that was just asked for', () => {
    const sets = filled();
    for (const id of ids) sets.get(id);
    sets.take(
      ids.map((tenantId) => ({ tenantId, set: none })),
      false,
    );
    expect(wrong(sets, () => none)).toEqual([]);
  });

  it('are gone when all rows are given anew and the tenant is not among them', () => {
    const sets = filled();
    for (const id of ids) sets.get(id);
    const left = ids.slice(1);
    sets.take(
      left.map((tenantId) => ({ tenantId, set: some })),
      true,
    );
    expect(wrong(sets, (n) => (n === 0 ? undefined : some))).toEqual([]);
  });

  it('hold nothing for a stranger, also one whose id ends as a tenant’s does', () => {
    const sets = filled();
    const id = ids[0] as string;
    sets.get(id);
    for (const stranger of [`x${id.slice(1)}`, '', 'a', id.slice(-5), `${id} `])
      expect(sets.get(stranger)).toBeUndefined();
    expect(sets.get(id)).toBe(some);
  });
});
