import { FEED_TIMEOUT_MS, openPostgresFeed, type PostgresFeedOptions } from '../feed/postgres-feed.js';
import { ROUTE_STATUSES, type Route, type RouteFeed, type RouteSource, type RouteStatus } from './route.js';

interface RouteRow {
  tenant_id: string;
  home: string;
  epoch: string;
  status: string;
}

export type PostgresRoutesOptions = PostgresFeedOptions;

/** Routes out of the control database: `workload.route`, unless told otherwise. */
export class PostgresRoutes implements RouteSource {
  constructor(private readonly options: PostgresRoutesOptions) {}

  open(doorbell: () => void): Promise<RouteFeed> {
    const defaults = {
      relation: ['workload', 'route'],
      channel: 'workload_route',
      timeoutMs: FEED_TIMEOUT_MS,
    } as const;
    return openPostgresFeed<RouteRow, Route>(
      { ...defaults, ...this.options, columns: ['home', 'epoch', 'status'], read: (rows) => rows.map(routeOf) },
      doorbell,
    );
  }
}

function routeOf({ tenant_id, home, epoch, status }: RouteRow): Route {
  return { tenantId: tenant_id, home, epoch: Number(epoch), status: statusOf(status) };
}

/** A status that this version does not know is not served. */
function statusOf(text: string): RouteStatus {
  return ROUTE_STATUSES.find((status) => status === text) ?? 'suspended';
}
