import {
  Entitlements,
  PostgresEntitlements,
  PostgresRoutes,
  RoutingTable,
  TenantDatabases,
  TenantKeys,
  TenantLayers,
  TenantQueues,
  TenantSessions,
  TenantStorage,
  type ConsumerLogin,
  type ContextExchange,
} from '@bulkhead/tenancy';
import { MESSAGE_KINDS } from './claims/claim-messages.js';
import type { ClinicOptions } from './clinic.js';
import type { ServiceConfig } from './config.js';
import { Logins } from './control-plane/logins.js';
import { requireVersion } from './database/database-version.js';

/** What a process of the clinic reaches tenants with. */
export interface Workload extends Pick<ClinicOptions, 'databases' | 'routes' | 'entitlements' | 'keys' | 'storage'> {
  readonly queues: TenantQueues;
  /** By which the lanes' messages are claimed; only the worker may read it. */
  readonly consumerLogin: ConsumerLogin;
  close(): Promise<void>;
}

/**
 * Opens the feeds of the control plane and everything that follows them.
 * @param exchange gives contexts for places that a token's own context is not for.
 */
export async function openWorkload(
  config: Pick<ServiceConfig, 'BULKHEAD_WORKLOAD_URL' | 'AWS_REGION' | 'AWS_ENDPOINT_URL'>,
  exchange: ContextExchange,
): Promise<Workload> {
  const { BULKHEAD_WORKLOAD_URL: connectionString, AWS_REGION: region, AWS_ENDPOINT_URL: endpoint } = config;
  const connection = { connectionString };
  const routes = await RoutingTable.open(new PostgresRoutes({ connection }));
  const entitlements = await Entitlements.open(new PostgresEntitlements({ connection }));
  const logins = new Logins(region, endpoint);
  const connect = async (home: string) => {
    const login = await logins.of(home, 'serving');
    await requireVersion(login);
    return login;
  };
  const databases = new TenantDatabases({ routes, connect, exchange });
  const layers = new TenantLayers({ databases, routes });
  const sessions = new TenantSessions({ region, ...(endpoint !== undefined && { endpoint }) });
  const keys = new TenantKeys({ databases, layers, sessions });
  const queues = new TenantQueues({ databases, layers, sessions, keys, kinds: MESSAGE_KINDS });
  const storage = new TenantStorage({ layers, sessions });
  return {
    databases,
    routes,
    entitlements,
    keys,
    storage,
    queues,
    consumerLogin: (home) => logins.of(home, 'consumer'),
    async close() {
      queues.close();
      keys.close();
      storage.close();
      sessions.close();
      logins.close();
      await databases.close();
      await entitlements.close();
      await routes.close();
    },
  };
}
