import { BulkheadError, waitFor } from '@bulkhead/kernel';
import type { Route, RouteFeed, RouteSource, RouteStatus } from './route.js';

export interface RoutingTableOptions {
  /**
   * Longest time without a successful look at the source before nothing is routed any more, milliseconds.
   * Defaults to 30,000. The table is looked at three times as often, beside the looks that notifications cause.
   */
  readonly maxStalenessMs?: number;
}

const MAX_STALENESS_MS = 30_000;
const FIRST_PAUSE_MS = 50;

/** Every tenant's route, in memory. */
export class RoutingTable {
  readonly #routes = new Map<string, Route>();
  readonly #source: RouteSource;
  readonly #maxStalenessMs: number;
  #provenAt = -Infinity;
  #closed = false;
  #rung = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(source: RouteSource, { maxStalenessMs = MAX_STALENESS_MS }: RoutingTableOptions) {
    this.#source = source;
    this.#maxStalenessMs = maxStalenessMs;
  }

  /**
   * Loads every route and follows the source from then on.
   * @throws whatever the source throws when it cannot be reached at the start.
   */
  static async open(source: RouteSource, options: RoutingTableOptions = {}): Promise<RoutingTable> {
    const table = new RoutingTable(source, options);
    const feed = await source.open(() => table.look());
    const cursor = await table.#take(feed, undefined);
    table.#running = table.#follow(feed, cursor);
    return table;
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
    if (performance.now() - this.#provenAt > this.#maxStalenessMs) throw staleRoutes();
    const route = this.#routes.get(tenantId);
    if (route === undefined || route.status === 'gone') throw unservable('gone');
    if (route.status !== 'active') throw unservable(route.status);
    return route;
  }

  /** Looks at the source now. */
  look(): void {
    this.#rung = true;
    this.#wake?.();
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
    this.#closed = true;
    this.look();
    await this.#running;
  }

  async #follow(first: RouteFeed, cursor: string): Promise<void> {
    let feed: RouteFeed | undefined = first;
    let from: string | undefined = cursor;
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      await this.#sleep(feed === undefined ? pause : this.#maxStalenessMs / 3, feed !== undefined);
      if (this.#closed) break;
      try {
        if (feed === undefined) {
          feed = await this.#source.open(() => this.look());
          // A source that went away may have come back as another one, restored from a backup: cursors do not carry over.
          from = undefined;
        }
        from = await this.#take(feed, from);
        pause = FIRST_PAUSE_MS;
      } catch {
        await feed?.close().catch(() => undefined);
        feed = undefined;
        pause = Math.min(pause * 2, this.#maxStalenessMs / 3);
      }
    }
    await feed?.close().catch(() => undefined);
  }

  async #take(feed: RouteFeed, cursor: string | undefined): Promise<string> {
    this.#rung = false;
    const startedAt = performance.now();
    const changes = await feed.changesSince(cursor);
    if (cursor === undefined) this.#routes.clear();
    for (const route of changes.routes) {
      // An epoch only grows: a row that says less comes from a copy that lags.
      if (route.epoch >= (this.#routes.get(route.tenantId)?.epoch ?? 0)) this.#routes.set(route.tenantId, route);
    }
    this.#provenAt = startedAt;
    return changes.cursor;
  }

  /** Sleeps until the time is over or, if `ringable`, the doorbell has rung since the last look began. */
  async #sleep(ms: number, ringable: boolean): Promise<void> {
    if (this.#closed || (ringable && this.#rung)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.#wake = () => {
        if (!ringable && !this.#closed) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
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
