import type pg from 'pg';

/**
 * What DISCARD ALL does, but for the statements and plans that make the next request fast. All of it is one message, and
 * all statements but the last are commands that no search_path misleads; the last sees the settings as they were at first.
 */
const RESET = `RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; UNLISTEN *; DISCARD TEMP; DISCARD SEQUENCES;
  SELECT pg_catalog.pg_advisory_unlock_all(),
    (SELECT pg_catalog.array_agg(from_sql) FROM pg_catalog.pg_prepared_statement()) AS prepared`;

/** Statements that pg has prepared on a connection, which its types leave out (pg 8.23, lib/connection.js). */
interface Prepared {
  readonly connection: { readonly parsedStatements: Readonly<Record<string, string>> };
}

/**
 * Puts a session back to how it began: settings, role, temporary tables, cursors, channels, advisory locks, sequences'
 * values. Statements stay prepared; had one been put under a name or taken away by SQL, the next who uses the name would
 * run something else.
 * @returns whether the session is as it was, outside of a transaction, with those statements that pg has prepared.
 */
async function resetSession(client: pg.ClientBase): Promise<boolean> {
  const answers = (await client.query(RESET)) as unknown as readonly pg.QueryResult<{ prepared: boolean[] | null }>[];
  const prepared = answers.at(-1)?.rows[0]?.prepared ?? [];
  const known = Object.keys((client as unknown as Prepared).connection.parsedStatements);
  return client.getTransactionStatus() === 'I' && prepared.length === known.length && !prepared.includes(true);
}

/**
 * Gives a connection back to its pool when its session has been reset, or away when it cannot be. Sent at once, behind
 * what was sent before, and nobody has to wait for it: the connection is nobody's until it is done. Never rejects.
 */
export async function giveBack(client: pg.ClientBase, release: (away: boolean) => unknown): Promise<void> {
  const reset = await resetSession(client).catch(() => false);
  await release(!reset);
}
