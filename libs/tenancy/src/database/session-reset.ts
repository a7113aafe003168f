import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { sqlStateOf } from './refusals.js';

const RESET = 'SELECT tenancy.reset_session() AS prepared';

/** No such function or schema, and no right to it. */
const NOT_CALLABLE = ['42883', '3F000', '42501'];

/**
 * The same without the plane's function, for planes before version 6 and for a session that may not call it any more,
 * such as one with another role. All of it is one message, and all statements but the last are commands that no
 * search_path misleads; the last sees the settings as they were at first.
 */
const RESET_BY_HAND = `RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES;
  SELECT pg_catalog.pg_advisory_unlock_all(), (SELECT CASE WHEN pg_catalog.bool_or(s.from_sql) THEN -1
    ELSE pg_catalog.count(*)::pg_catalog.int4 END FROM pg_catalog.pg_prepared_statement() s) AS prepared`;

/** How long a reset may take, milliseconds; it is one trip. */
const PATIENCE_MS = 10_000;

/** Statements that pg has prepared on a connection, which its types leave out (pg 8.23, lib/connection.js). */
interface Prepared {
  readonly connection: { readonly parsedStatements: Readonly<Record<string, string>> };
}

/**
 * Puts a session back to how it began: settings, role, temporary tables, cursors, channels, advisory locks, sequences'
 * values. Statements stay prepared, which makes the next request fast; had one been put under a name or taken away by
 * SQL, the next who uses the name would run something else.
 * @returns whether the session is as it was, outside of a transaction, with those statements that pg has prepared.
 */
async function resetSession(client: pg.ClientBase): Promise<boolean> {
  const prepared = await preparedAfter(client, RESET).catch(async (error: unknown) => {
    if (!NOT_CALLABLE.includes(sqlStateOf(error) ?? '')) throw error;
    return preparedAfter(client, RESET_BY_HAND);
  });
  const known = Object.keys((client as unknown as Prepared).connection.parsedStatements);
  return client.getTransactionStatus() === 'I' && prepared === known.length;
}

async function preparedAfter(client: pg.ClientBase, reset: string): Promise<number | undefined> {
  const answer = (await client.query(reset)) as unknown as pg.QueryResult | readonly pg.QueryResult[];
  const last = (Array.isArray(answer) ? answer.at(-1) : answer) as pg.QueryResult<{ prepared: number }> | undefined;
  return last?.rows[0]?.prepared;
}

/**
 * Gives a connection back to its pool when its session has been reset, or away when it cannot be, or when nothing is
 * heard of it: its place is another's then. Nobody has to wait for it: the connection is nobody's until it is done.
 * Never rejects.
 */
export async function giveBack(
  client: pg.ClientBase,
  release: (away: boolean) => unknown,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const timer = new AbortController();
  const silence = delay(patienceMs, false, { signal: timer.signal, ref: false }).catch(() => false);
  const reset = await Promise.race([resetSession(client).catch(() => false), silence]);
  timer.abort();
  await release(!reset);
}
