import { entitlementSet, fixedEntitlements } from '../entitlements/entitlement-set.js';
import { Entitlements } from '../entitlements/entitlements.js';
import { contextFor, HandRoutes, startTenantPlane, startTenantService, type TenantPlane } from '../testing/index.js';
import { QUOTA_TABLE, QuotaCounters } from './quota-counters.js';

const [A, B] = ['ten_a', 'ten_b'];
let plane: TenantPlane;
let service: Awaited<ReturnType<typeof startTenantService>>;
let entitlements: Entitlements;
let quotas: QuotaCounters;

beforeAll(async () => {
  plane = await startTenantPlane('cel_q');
  await plane.settle(A, B);
  await plane.asOwner(QUOTA_TABLE);
  const routes = new HandRoutes();
  for (const tenant of [A, B]) routes.set(tenant, plane.home);
  service = await startTenantService([plane], routes, { connectionsPerHome: 8 });
  const set = entitlementSet([], { providers: 5 });
  entitlements = await Entitlements.open(fixedEntitlements([A, B].map((tenantId) => ({ tenantId, set }))));
  quotas = new QuotaCounters(entitlements);
});
// As replication does, past the fence: it lets no one delete for two tenants at once.
beforeEach(() =>
  plane.asSuperuser(
    'SET session_replication_role = replica; DELETE FROM app.quota_use; RESET session_replication_role',
  ),
);
afterAll(async () => {
  await entitlements?.close();
  await service?.stop();
  await plane?.stop();
});

const within = <T>(tenant: string, work: Parameters<typeof service.databases.withTenant<T>>[1]) =>
  service.databases.withTenant(contextFor(tenant), work);
const take = (tenant: string, amount = 1) => within(tenant, (tx) => quotas.take(tx, tenant, 'providers', amount));
const used = (tenant: string) => within(tenant, (tx) => quotas.used(tx, tenant, 'providers'));
const EXCEEDED = expect.objectContaining({ code: 'quota_exceeded', status: 403 });

describe('counts against a quota', () => {
  it('never pass the ceiling, however many take at once, and each tenant has its own', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => take(A)));
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refusals).toEqual(Array(15).fill(EXCEEDED));
    expect([await used(A), await used(B)]).toEqual([5, 0]);
    await take(B, 5);
    expect(await used(B)).toBe(5);
  });

  it('are undone with the transaction that they were taken in', async () => {
    await expect(
      within(A, async (tx) => {
        await quotas.take(tx, A, 'providers', 3);
        throw new Error('changed our mind');
      }),
    ).rejects.toThrow('changed our mind');
    expect(await used(A)).toBe(0);
  });

  it('can be given back, and not more than was taken', async () => {
    await take(A, 5);
    await within(A, (tx) => quotas.giveBack(tx, A, 'providers', 2));
    await take(A, 2);
    await expect(take(A)).rejects.toEqual(EXCEEDED);
    await expect(within(A, (tx) => quotas.giveBack(tx, A, 'providers', 6))).rejects.toMatchObject({ code: '23514' });
    expect(await used(A)).toBe(5);
  });

  it('are refused for more than the ceiling at once, for a quota that nobody granted, and for no whole amount', async () => {
    await expect(take(A, 6)).rejects.toEqual(EXCEEDED);
    await expect(within(A, (tx) => quotas.take(tx, A, 'storageGb'))).rejects.toEqual(EXCEEDED);
    await expect(take(A, -1)).rejects.toThrow('whole number');
  });

  it('leave a transaction usable after a refusal', async () => {
    await take(A, 5);
    await within(A, async (tx) => {
      await expect(quotas.take(tx, A, 'providers')).rejects.toEqual(EXCEEDED);
      await quotas.giveBack(tx, A, 'providers');
    });
    expect(await used(A)).toBe(4);
  });
});
