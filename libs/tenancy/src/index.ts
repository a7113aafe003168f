export {
  TENANT_TOKEN_ALGORITHM,
  TENANT_TOKEN_TYPE,
  type SubjectKind,
  type TenantTokenClaims,
} from '@bulkhead/domain/context';
export { currentTenant, runWithTenant, type TenantContext } from './context/tenant-context.js';
export { TenantTokens, type IssuedToken, type TenantTokensOptions } from './context/tenant-tokens.js';
export { TenantDatabases, type TenantDatabasesOptions, type WorkOptions } from './database/tenant-databases.js';
export type { ContextExchange } from './database/signed-contexts.js';
export type { Statement } from './database/tenant-query.js';
export type { Isolation, TenantTransaction, TransactionOptions } from './database/tenant-transaction.js';
export {
  entitlementSet,
  fixedEntitlements,
  type EntitledTenant,
  type EntitlementSet,
  type EntitlementSource,
} from './entitlements/entitlement-set.js';
export { Entitlements, type EntitlementsOptions } from './entitlements/entitlements.js';
export { PostgresEntitlements, type PostgresEntitlementsOptions } from './entitlements/postgres-entitlements.js';
export { QUOTA_TABLE, QuotaCounters } from './quotas/quota-counters.js';
export { TenantCache, type TenantCacheOptions, type TenantPlace } from './cache/tenant-cache.js';
export { RateLimited, RateLimits, type RateClass, type RateLimitsOptions } from './limits/rate-limits.js';
export { PostgresRoutes, type PostgresRoutesOptions } from './routing/postgres-routes.js';
export {
  fixedRoutes,
  type Route,
  type RouteChanges,
  type RouteFeed,
  type RouteSource,
  type RouteStatus,
} from './routing/route.js';
export { RoutingTable, type RoutingTableOptions } from './routing/routing-table.js';
export { TenantLayers, type TenantLayer, type TenantLayersOptions } from './layers/tenant-layers.js';
export { TenantSessions, type SessionCredentials, type TenantSessionsOptions } from './layers/tenant-sessions.js';
export {
  TenantStorage,
  type ListedObject,
  type ListOptions,
  type PutOptions,
  type StoredObject,
  type TenantStorageOptions,
  type UrlOptions,
} from './storage/tenant-storage.js';
export { TenantKeys, type TenantKeysOptions } from './keys/tenant-keys.js';
export type { DataKeyLimits } from './keys/data-key-cache.js';
export { runInScope, workFields, type WorkScope } from './telemetry/work-scope.js';
export { MESSAGE_CLASSES, type MessageClass } from './queues/delivery.js';
export type { HandledMessage, MessageHandler, MessageOutcome } from './queues/message-run.js';
export type { ConsumerLogin } from './queues/lanes.js';
export { TenantConsumer, type TenantConsumerOptions } from './queues/tenant-consumer.js';
export {
  TenantQueues,
  type DeadLetter,
  type MessageContent,
  type MessageKind,
  type SendOptions,
  type TenantQueuesOptions,
} from './queues/tenant-queues.js';
export { TenantSecrets, type TenantSecretsOptions } from './secrets/tenant-secrets.js';
export { tenantFetch, type TenantFetchOptions } from './context/tenant-fetch.js';
