import pg from 'pg';

/** The parts of pg's connection that a query writes to. */
interface Wire {
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
  bind(message: { portal: string; statement: string; values: readonly string[]; binary: boolean }): void;
  execute(message: { portal: string; rows: number }): void;
}

/** What pg's own Query does, which its types leave out (pg 8.23, lib/query.js). */
interface Query {
  callback: (error: Error | undefined, result?: pg.QueryResult) => void;
  prepare(wire: Wire): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, wire: Wire): void;
}
const PgQuery = pg.Query as unknown as new (config: object) => Query;

/**
 * Bound, never written into the text: `pg_stat_activity` shows the text of every statement to other sessions of the
 * same login, and a context that somebody can read is a context that somebody can use.
 */
const SET_CONTEXT = { name: 'bulkhead_context', text: `SELECT set_config('bulkhead.context', $1, true)` };

/** A statement, prepared once per connection when it has a name. Values are always bound. */
export interface Statement {
  readonly text: string;
  readonly name?: string;
  readonly values?: readonly unknown[];
}

/** Always the extended protocol: there, one statement cannot be made two by what is put into it. */
export function extended(statement: Statement): pg.QueryConfig & { queryMode: 'extended' } {
  return { ...statement, values: [...(statement.values ?? [])], queryMode: 'extended' };
}

/** Sets the context for the transaction that is open. */
export function setContext(client: pg.ClientBase, context: string): Promise<unknown> {
  return client.query({ ...SET_CONTEXT, values: [context] });
}

/**
 * Runs one statement in a transaction of its own, in one trip and without BEGIN and COMMIT: between two Syncs the
 * extended protocol is one transaction (Postgres manual, "Message Flow", pipelining), and the context, set first, ends
 * with it.
 */
export function queryInContext(client: pg.ClientBase, context: string, statement: Statement): Promise<pg.QueryResult> {
  const wire = (client as unknown as { connection: Wire }).connection;
  const ready = SET_CONTEXT.name in wire.parsedStatements || SET_CONTEXT.name in wire.submittedNamedStatements;
  // Prepares the statement; outside of a transaction its effect ends at once.
  if (!ready) setContext(client, '').catch(() => undefined);
  return new Promise((resolve, reject) => {
    const query = new QueryInContext(context, statement);
    query.callback = (error, result) =>
      error === undefined || error === null ? resolve(result as pg.QueryResult) : reject(error);
    client.query(query as unknown as pg.Submittable);
  });
}

class QueryInContext extends PgQuery {
  readonly #context: string;
  /** The answer to the setting of the context comes first and is of no interest. */
  #settingContext = true;

  constructor(context: string, statement: Statement) {
    super(extended(statement));
    this.#context = context;
  }

  override prepare(wire: Wire): void {
    wire.bind({ portal: '', statement: SET_CONTEXT.name, values: [this.#context], binary: false });
    wire.execute({ portal: '', rows: 0 });
    super.prepare(wire);
  }

  override handleDataRow(message: unknown): void {
    if (!this.#settingContext) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, wire: Wire): void {
    if (this.#settingContext) this.#settingContext = false;
    else super.handleCommandComplete(message, wire);
  }
}
