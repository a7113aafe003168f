import pg from 'pg';
import type { Feed } from './feed.js';

export interface PostgresFeedOptions {
  /** Login that may read the relation and nothing else: `bulkhead_workload` of the control database. */
  readonly connection: pg.ClientConfig;
  /** Relation with a column `changed` (xid8) beside those that are read; schema and name. */
  readonly relation?: readonly [schema: string, name: string];
  /** Channel that is notified when a row was changed. */
  readonly channel?: string;
  /** How long a look may take before the connection is held to be dead, milliseconds. Defaults to 5,000. */
  readonly timeoutMs?: number;
}

interface FeedSpec<Raw, Row> extends Required<PostgresFeedOptions> {
  readonly columns: readonly string[];
  /** Turns what was read into rows; may ask for more on the same connection. */
  readonly read: (raw: readonly Raw[], client: pg.Client) => readonly Row[] | Promise<readonly Row[]>;
}

export const FEED_TIMEOUT_MS = 5_000;

/**
 * Opens a feed out of a Postgres relation that says in `changed` which transaction wrote the row last
 * (`pg_current_xact_id()`, set by a trigger). The cursor is the oldest transaction that was still running at the last
 * look; whatever was not visible then has that number or a higher one, so a change is never left out, in whatever order
 * transactions commit. Notifications only say "look": one that is lost costs time until the next look, and nothing else.
 */
export async function openPostgresFeed<Raw extends { tenant_id: string }, Row>(
  { connection, relation, channel, timeoutMs, columns, read }: FeedSpec<Raw, Row>,
  doorbell: () => void,
): Promise<Feed<Row>> {
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
  const close = async (): Promise<void> => {
    client.removeAllListeners('end');
    await client.end();
  };
  const look = `SELECT s.xmin::text AS cursor, ${['tenant_id', ...columns].map((column) => `r.${column}`).join(', ')}
     FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin) s
     LEFT JOIN ${name} r ON $1::xid8 IS NULL OR r.changed >= $1::xid8`;
  return {
    async changesSince(cursor) {
      const { rows } = await client.query<Raw & { cursor: string }>(look, [cursor ?? null]);
      // The snapshot's row is there even when nothing has changed.
      const changed = rows.filter(({ tenant_id }) => tenant_id !== null);
      return { rows: await read(changed, client), cursor: rows[0]?.cursor ?? '0' };
    },
    close,
  };
}
