import { BulkheadError, waitFor } from '@bulkhead/kernel';
import { FeedFollower, type FollowerOptions } from '../feed/feed-follower.js';
import type { Route, RouteSource, RouteStatus } from './route.js';

/** After `maxStalenessMs` without a look nothing is routed any more. */
export type RoutingTableOptions = FollowerOptions;

/** Every tenant's route, in memory. */
export class RoutingTable {
  readonly #routes: Map<string, Route>;
  readonly #follower: FeedFollower<Route>;

  private constructor(routes: Map<string, Route>, follower: FeedFollower<Route>) {
    this.#routes = routes;
    this.#follower = follower;
  }

  /**
   * Loads every route and follows the source from then on.
   * @throws whatever the source throws when it cannot be reached at the start.
   */
  static async open(source: RouteSource, options: RoutingTableOptions = {}): Promise<RoutingTable> {
    const routes = new Map<string, Route>();
    const follower = await FeedFollower.open(
      source,
      (rows, whole) => {
        if (whole) routes.clear();
        for (const route of rows) {
          // An epoch only grows: a row that says less comes from a copy that lags.
          if (route.epoch >= (routes.get(route.tenantId)?.epoch ?? 0)) routes.set(route.tenantId, route);
        }
      },
      options,
    );
    return new RoutingTable(routes, follower);
  }

  get size(): number {
    return this.#routes.size;
  }

  /**
   * The tenant's route, without waiting.
   * @throws BulkheadError `tenant_unknown` (404), `tenant_suspended` (403), `tenant_maintenance` (503) or
   * `routes_stale` (503), the last two of which pass by themselves.
   */
  resolve(tenantId: string): Route {
    if (this.#follower.stale) throw staleRoutes();
    const route = this.#routes.get(tenantId);
    if (route === undefined || route.status === 'gone') throw unservable('gone');
    if (route.status !== 'active') throw unservable(route.status);
    return route;
  }

  /** Looks at the source now. */
  look(): void {
    this.#follower.look();
  }

  /**
   * Waits until the table knows a route that is at least this new.
   * @throws BulkheadError `tenant_moving` (503) when that takes longer than `timeoutMs`; or like {@link resolve}.
   */
  async atLeast(tenantId: string, epoch: number, timeoutMs: number): Promise<Route> {
    const known = this.resolve(tenantId);
    if (known.epoch >= epoch) return known;
    this.look();
    try {
      await waitFor('a newer route', () => (this.#routes.get(tenantId)?.epoch ?? 0) >= epoch, {
        timeoutMs,
        intervalMs: 5,
      });
    } catch {
      throw new BulkheadError({
        code: 'tenant_moving',
        status: 503,
        publicMessage: 'The data is being moved and cannot be reached for a moment.',
        remediation: 'Send the request again in a moment.',
        retryable: true,
      });
    }
    return this.resolve(tenantId);
  }

  async close(): Promise<void> {
    await this.#follower.close();
  }
}

function staleRoutes(): BulkheadError {
  return new BulkheadError({
    code: 'routes_stale',
    status: 503,
    publicMessage: 'It is not known at the moment where the data is.',
    remediation: 'Send the request again in a moment.',
    retryable: true,
  });
}

function unservable(status: Exclude<RouteStatus, 'active'>): BulkheadError {
  const reasons = {
    gone: {
      code: 'tenant_unknown',
      status: 404,
      publicMessage: 'There is no such tenant.',
      remediation: 'Check the tenant that the token is for.',
    },
    suspended: {
      code: 'tenant_suspended',
      status: 403,
      publicMessage: 'The tenant is suspended.',
      remediation: 'Ask the administrator of the tenant about its subscription.',
    },
    maintenance: {
      code: 'tenant_maintenance',
      status: 503,
      publicMessage: 'The tenant is in maintenance.',
      remediation: 'Try again after the announced maintenance window.',
    },
  };
  return new BulkheadError({ ...reasons[status], retryable: status === 'maintenance' });
}
