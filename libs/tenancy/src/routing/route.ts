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

export interface RouteChanges {
  readonly routes: readonly Route[];
  /** Where to go on next time. It may repeat rows, and never leaves one out. */
  readonly cursor: string;
}

/** An open connection to where the routes are kept. */
export interface RouteFeed {
  /** All that changed since the cursor, or every route without one. Rejects when the feed has been lost. */
  changesSince(cursor: string | undefined): Promise<RouteChanges>;
  close(): Promise<void>;
}

/** Where routes come from: {@link PostgresRoutes}, or {@link fixedRoutes} where placements never change. */
export interface RouteSource {
  /** @param doorbell called when something may have changed, or when the feed was lost; it may be missed. */
  open(doorbell: () => void): Promise<RouteFeed>;
}

/** Routes from configuration, for a service that runs beside one dedicated database. */
export function fixedRoutes(routes: readonly Route[]): RouteSource {
  return {
    open: async () => ({ changesSince: async () => ({ routes, cursor: 'fixed' }), close: async () => undefined }),
  };
}
