import { Redacted } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import { TenantDatabases, type TenantDatabasesOptions } from '../database/tenant-databases.js';
import type { Route, RouteSource } from '../routing/route.js';
import { RoutingTable } from '../routing/routing-table.js';
import type { TenantPlane } from './tenant-plane.js';

/** Routes that a test sets by hand, and that the table hears of when the test says so. */
export class HandRoutes implements RouteSource {
  readonly #routes = new Map<string, Route>();
  #ring: () => void = () => undefined;

  set(tenantId: string, home: string, epoch = 1, status: Route['status'] = 'active'): void {
    this.#routes.set(tenantId, { tenantId, home, epoch, status });
  }

  announce(): void {
    this.#ring();
  }

  async open(doorbell: () => void): Promise<Awaited<ReturnType<RouteSource['open']>>> {
    this.#ring = doorbell;
    return {
      changesSince: async () => ({ rows: [...this.#routes.values()], cursor: 'all' }),
      close: async () => undefined,
    };
  }
}

/** A context as a verified token gives it, without a signed context of its own. */
export function contextFor(tenantId: string, signedContext?: string): TenantContext {
  return Object.freeze({
    tenantId,
    subject: { kind: 'service' as const, id: 'svc_test' },
    roles: [],
    tokenId: 'tok_test',
    expiresAt: 4_000_000_000,
    token: new Redacted('not a token'),
    ...(signedContext === undefined ? {} : { signedContext: new Redacted(signedContext) }),
  });
}

/** The library over planes that are already there; contexts are signed with the key of the route's plane. */
export async function startTenantService(
  planes: readonly TenantPlane[],
  routes: RouteSource,
  options: Partial<Pick<TenantDatabasesOptions, 'connectionsPerHome' | 'followMs' | 'connect'>> = {},
): Promise<{ databases: TenantDatabases; table: RoutingTable; stop(): Promise<void> }> {
  const planeOf = (home: string): TenantPlane => {
    const plane = planes.find((one) => one.home === home);
    if (plane === undefined) throw new Error(`No plane is home ${home}`);
    return plane;
  };
  const table = await RoutingTable.open(routes);
  const databases = new TenantDatabases({
    routes: table,
    connect: (home) => ({ connectionString: planeOf(home).servingUrl }),
    exchange: async (_context, { tenantId, home, epoch }) => planeOf(home).sign(tenantId, { epoch }),
    ...options,
  });
  return {
    databases,
    table,
    async stop() {
      await databases.close();
      await table.close();
    },
  };
}
