import { fixedFeed, type Feed, type FeedChanges, type FeedSource } from '../feed/feed.js';

/** Whether a tenant may be served: all but `active` are refused at once, with the reason. */
export const ROUTE_STATUSES = ['active', 'suspended', 'maintenance', 'gone'] as const;
export type RouteStatus = (typeof ROUTE_STATUSES)[number];

/** Where a tenant's rows are. */
export interface Route {
  readonly tenantId: string;
  /** Id of the database that owns the tenant's writes. */
  readonly home: string;
  /** Epoch of the database placement. It only grows. */
  readonly epoch: number;
  readonly status: RouteStatus;
}

export type RouteChanges = FeedChanges<Route>;
export type RouteFeed = Feed<Route>;
/** Where routes come from: {@link PostgresRoutes}, or {@link fixedRoutes} where placements never change. */
export type RouteSource = FeedSource<Route>;

/** Routes from configuration, for a service that runs beside one dedicated database. */
export function fixedRoutes(routes: readonly Route[]): RouteSource {
  return fixedFeed(routes);
}
