import { fixedFeed, type FeedSource } from '../feed/feed.js';

/** What tenants may use: plan, overrides and the subscription's state, worked out by the control plane. Shared by many. */
export interface EntitlementSet {
  readonly modules: ReadonlySet<string>;
  /** Ceilings by quota. */
  readonly quotas: ReadonlyMap<string, number>;
}

export interface EntitledTenant {
  readonly tenantId: string;
  readonly set: EntitlementSet;
}

/** Where entitlements come from: {@link PostgresEntitlements}, or {@link fixedEntitlements}. */
export type EntitlementSource = FeedSource<EntitledTenant>;

/** A ceiling that is not a whole number of at least 0 counts as 0. */
export function entitlementSet(
  modules: readonly string[],
  quotas: Readonly<Record<string, number>> = {},
): EntitlementSet {
  const ceilings = Object.entries(quotas).map(
    ([quota, ceiling]) => [quota, Number.isSafeInteger(ceiling) && ceiling >= 0 ? ceiling : 0] as const,
  );
  return { modules: new Set(modules), quotas: new Map(ceilings) };
}

/** Entitlements from configuration, for a service that runs beside one dedicated database. */
export function fixedEntitlements(tenants: readonly EntitledTenant[]): EntitlementSource {
  return fixedFeed(tenants);
}
