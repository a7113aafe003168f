import pg from 'pg';
import {
  ROUTE_STATUSES,
  type Route,
  type RouteChanges,
  type RouteFeed,
  type RouteSource,
  type RouteStatus,
} from './route.js';

export interface PostgresRoutesOptions {
  /** Login that may read the relation and nothing else. */
  readonly connection: pg.ClientConfig;
  /** Relation with the columns tenant_id, home, epoch, status and changed (xid8); schema and name. */
  readonly relation: readonly [schema: string, name: string];
  /** Channel that is notified when a row was changed. */
  readonly channel: string;
  /** How long a look may take before the connection is held to be dead, milliseconds. Defaults to 5,000. */
  readonly timeoutMs?: number;
}

interface Row {
  cursor: string;
  tenant_id: string | null;
  home: string;
  epoch: string;
  status: string;
}

const TIMEOUT_MS = 5_000;

/**
 * Routes out of a Postgres relation that says in `changed` which transaction wrote the row last
 * (`pg_current_xact_id()`, set by a trigger). The cursor is the oldest transaction that was still running at the last
 * look; whatever was not visible then has that number or a higher one, so a change is never left out, in whatever order
 * transactions commit. Notifications only say "look": one that is lost costs time until the next look, and nothing else.
 */
export class PostgresRoutes implements RouteSource {
  constructor(private readonly options: PostgresRoutesOptions) {}

  async open(doorbell: () => void): Promise<RouteFeed> {
    const { connection, relation, channel, timeoutMs = TIMEOUT_MS } = this.options;
    const client = new pg.Client({
      ...connection,
      keepAlive: true,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
    });
    const name = relation.map((part) => client.escapeIdentifier(part)).join('.');
    client.on('notification', doorbell);
    client.on('error', doorbell);
    client.on('end', doorbell);
    await client.connect();
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
    return {
      changesSince: async (cursor) => changesOf(await look(client, name, cursor)),
      async close() {
        client.removeAllListeners('end');
        await client.end();
      },
    };
  }
}

async function look(client: pg.Client, relation: string, cursor: string | undefined): Promise<Row[]> {
  const { rows } = await client.query<Row>(
    `SELECT s.xmin::text AS cursor, r.tenant_id, r.home, r.epoch, r.status
       FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin) s
       LEFT JOIN ${relation} r ON $1::xid8 IS NULL OR r.changed >= $1::xid8`,
    [cursor ?? null],
  );
  return rows;
}

function changesOf(rows: readonly Row[]): RouteChanges {
  const routes = rows.flatMap(({ tenant_id, home, epoch, status }): Route[] =>
    tenant_id === null ? [] : [{ tenantId: tenant_id, home, epoch: Number(epoch), status: statusOf(status) }],
  );
  return { routes, cursor: rows[0]?.cursor ?? '0' };
}

/** A status that this version does not know is not served. */
function statusOf(text: string): RouteStatus {
  return ROUTE_STATUSES.find((status) => status === text) ?? 'suspended';
}
