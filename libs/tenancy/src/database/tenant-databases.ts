import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { TenantContext } from '../context/tenant-context.js';
import type { Route } from '../routing/route.js';
import type { RoutingTable } from '../routing/routing-table.js';
import { LentConnections } from './lent-connections.js';
import { explained, isStaleRoute, knownHomeOf } from './refusals.js';
import { SignedContexts, type ContextExchange } from './signed-contexts.js';
import { queryInContext, type Statement } from './tenant-query.js';
import { inTransaction, type TenantTransaction, type TransactionOptions } from './tenant-transaction.js';

export interface TenantDatabasesOptions {
  readonly routes: RoutingTable;
  /**
   * Address and serving login of a database, by the id that routes call its home. Asked when the home is first used, and
   * again when the database refuses the password: read the secret each time. Whoever waits for a connection is told
   * after 10 seconds, and a statement ends after 30, unless `connectionTimeoutMillis` and `statement_timeout` say else.
   */
  readonly connect: (home: string) => pg.ClientConfig | Promise<pg.ClientConfig>;
  readonly exchange: ContextExchange;
  /** Connections to each database, of which one tenant has three quarters at most. Defaults to 10. */
  readonly connectionsPerHome?: number;
  /** How long to follow a tenant that is being moved before giving up, milliseconds. Defaults to 5,000. */
  readonly followMs?: number;
}

export interface WorkOptions extends TransactionOptions {
  /**
   * Whether the function may run again from its start when the database refused it because the tenant has moved.
   * The first run's statements have left nothing behind then; say true if its other effects may happen twice.
   */
  readonly idempotent?: boolean;
}

const CONNECTIONS_PER_HOME = 10;
const FOLLOW_MS = 5_000;
/** Pause while the new home has not heard yet that it is one: a hand-over takes some 10 to 30 ms. */
const HANDOVER_PAUSE_MS = 5;

/** Every tenant's database, wherever it is placed. Make one for the process and close it at the end. */
export class TenantDatabases {
  readonly #options: TenantDatabasesOptions;
  readonly #contexts: SignedContexts;
  readonly #homes = new Map<string, LentConnections>();

  constructor(options: TenantDatabasesOptions) {
    this.#options = options;
    this.#contexts = new SignedContexts(options.exchange);
  }

  /**
   * Runs one statement for the tenant in a transaction of its own, in one trip; repeats it by itself when the tenant has
   * moved, which is safe, because a refused statement has done nothing.
   * @throws BulkheadError of the routing table; `tenant_moving` (503); `tenant_busy` (503) when its own requests hold
   * all connections that it may have; `tenant_context_expired` (401). Other errors of Postgres come as pg gives them.
   */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    context: TenantContext,
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>> {
    const whole = typeof statement === 'string' ? { text: statement, ...(values && { values }) } : statement;
    return this.route(context, true, (signed, { home }) =>
      this.#home(home).run(context, (client) => queryInContext(client, signed, whole) as Promise<pg.QueryResult<Row>>),
    );
  }

  /**
   * Runs `work` in one transaction for the tenant: commits when it resolves, rolls back when it rejects.
   * @throws like {@link query}; BulkheadError `tenant_moved` (503) when the tenant moved and the work is not idempotent;
   * `transaction_aborted` (500) when `work` went on after a failed statement.
   */
  withTenant<T>(
    context: TenantContext,
    work: (transaction: TenantTransaction) => Promise<T>,
    { idempotent = false, ...options }: WorkOptions = {},
  ): Promise<T> {
    return this.route(context, idempotent, (signed, { home }) =>
      this.#home(home).run(context, (client) => inTransaction(client, signed, work, options)),
    );
  }

  /** Address and login of a home, as `connect` of the options gives it. */
  async connection(home: string): Promise<pg.ClientConfig> {
    return await this.#options.connect(home);
  }

  /**
   * Runs `attempt` where the tenant is, again when the database refuses a stale route and `repeat` allows it.
   * For adapters of other database libraries, with connections of their own; services use {@link query} and
   * {@link withTenant}.
   */
  async route<T>(
    context: TenantContext,
    repeat: boolean,
    attempt: (signedContext: string, route: Route) => Promise<T>,
  ): Promise<T> {
    const { routes, followMs = FOLLOW_MS } = this.#options;
    const deadline = performance.now() + followMs;
    let route = routes.resolve(context.tenantId);
    for (;;) {
      try {
        const signed = await this.#contexts.contextFor(context, route);
        return await attempt(signed, route);
      } catch (error) {
        if (!isStaleRoute(error)) throw explained(error);
        // Also when this work is not repeated: the next one shall not run into the same wall.
        routes.look();
        const left = deadline - performance.now();
        if (!repeat || left <= 0) throw explained(error);
        route = await this.#next(route, error, left);
      }
    }
  }

  async close(): Promise<void> {
    const homes = [...this.#homes.values()];
    this.#homes.clear();
    await Promise.all(homes.map((home) => home.close()));
  }

  /** The database says an epoch: if it is ahead of the route, the route is old; if behind, the database is. */
  async #next(route: Route, refusal: unknown, timeoutMs: number): Promise<Route> {
    const { routes } = this.#options;
    const known = knownHomeOf(refusal);
    if (known !== undefined && known.epoch > route.epoch) {
      return routes.atLeast(route.tenantId, known.epoch, timeoutMs);
    }
    await delay(HANDOVER_PAUSE_MS);
    return routes.resolve(route.tenantId);
  }

  #home(home: string): LentConnections {
    let connections = this.#homes.get(home);
    if (connections === undefined) {
      const { connect, connectionsPerHome = CONNECTIONS_PER_HOME } = this.#options;
      connections = new LentConnections(() => connect(home), connectionsPerHome);
      this.#homes.set(home, connections);
    }
    return connections;
  }
}
