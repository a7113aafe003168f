import { BulkheadError } from '@bulkhead/kernel';
import { FeedFollower, type FollowerOptions } from '../feed/feed-follower.js';
import type { EntitledTenant, EntitlementSource } from './entitlement-set.js';
import { TenantSets } from './tenant-sets.js';

/** After `maxStalenessMs` without a look nobody is entitled to anything any more. */
export type EntitlementsOptions = FollowerOptions;

/** What every tenant may use, in memory: about 100 bytes for each tenant. */
export class Entitlements {
  readonly #tenants: TenantSets;
  readonly #follower: FeedFollower<EntitledTenant>;

  private constructor(tenants: TenantSets, follower: FeedFollower<EntitledTenant>) {
    this.#tenants = tenants;
    this.#follower = follower;
  }

  /**
   * Loads every tenant's entitlements and follows the source from then on.
   * @throws whatever the source throws when it cannot be reached at the start.
   */
  static async open(source: EntitlementSource, options: EntitlementsOptions = {}): Promise<Entitlements> {
    const tenants = new TenantSets();
    const follower = await FeedFollower.open(source, (rows, whole) => tenants.take(rows, whole), options);
    return new Entitlements(tenants, follower);
  }

  /** Tenants that are known. */
  get size(): number {
    return this.#tenants.size;
  }

  /**
   * Whether the tenant may use a module. Without waiting and without allocating, for use anywhere; a tenant or module
   * that is not known may not.
   * @throws BulkheadError `entitlements_stale` (503).
   */
  allows(tenantId: string, module: string): boolean {
    if (this.#follower.lapsed) throw stale();
    const set = this.#tenants.get(tenantId);
    return set !== undefined && set.modules.has(module);
  }

  /**
   * Ceiling of a quota; 0 for one that nobody granted.
   * @throws BulkheadError `entitlements_stale` (503).
   */
  quota(tenantId: string, quota: string): number {
    if (this.#follower.lapsed) throw stale();
    return this.#tenants.get(tenantId)?.quotas.get(quota) ?? 0;
  }

  /**
   * Refuses a tenant that may not use a module. Reads the clock: ask it once for each request.
   * @throws BulkheadError `not_entitled` (403), `entitlements_stale` (503).
   */
  require(tenantId: string, module: string): void {
    if (this.#follower.stale) throw stale();
    if (!this.allows(tenantId, module)) throw notEntitled(module);
  }

  /** Looks at the source now. */
  look(): void {
    this.#follower.look();
  }

  async close(): Promise<void> {
    await this.#follower.close();
  }
}

function stale(): BulkheadError {
  return new BulkheadError({
    code: 'entitlements_stale',
    status: 503,
    publicMessage: 'It is not known at the moment what may be used.',
    remediation: 'Send the request again in a moment.',
    retryable: true,
  });
}

function notEntitled(module: string): BulkheadError {
  return new BulkheadError({
    code: 'not_entitled',
    status: 403,
    publicMessage: `The subscription does not include ${module}.`,
    remediation: 'Ask the administrator of the tenant to add it to the subscription.',
  });
}
