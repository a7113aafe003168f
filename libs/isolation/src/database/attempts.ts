import pg from 'pg';

/** How a statement ended. */
export type Outcome =
  | { readonly ok: true; readonly rows: readonly Record<string, unknown>[]; readonly count: number }
  | { readonly ok: false; readonly code: string; readonly text: string };

/**
 * SQLSTATEs that decide an attempt: the context was refused (TN0…), a right is missing (42501), values or constraints
 * refused the row (classes 22 and 23), the thing is of no use for it (0A000, 42809, 42704, 55000, 25001) or a function of
 * the workload refused it (P0001, and what its profile names). Any other, such as a timeout, a deadlock or a wrong statement, says nothing.
 */
const DECIDED = /^(TN0|22|23)|^(42501|0A000|42809|42704|55000|25001|P0001)$/;

/** Refusals of the signed context. */
export function isContextRefusal(outcome: Outcome): boolean {
  return !outcome.ok && outcome.code.startsWith('TN0');
}

/**
 * Statements inside one transaction, each in a savepoint that is rolled back whatever happens. What could not be decided
 * is remembered, because a probe that fails for another reason than isolation has proven nothing.
 */
export class Attempts {
  readonly undecided: string[] = [];
  made = 0;

  constructor(
    readonly client: pg.Client,
    private readonly servingRole: string,
    private readonly refusals: readonly string[] = [],
  ) {}

  /** Tries a statement as the serving role with a context; `undefined` leaves the setting as it is. */
  async asServing(context: string | undefined, sql: string, values: readonly unknown[] = []): Promise<Outcome> {
    const prepare = async (): Promise<void> => {
      if (context !== undefined) await this.client.query(`SELECT set_config('bulkhead.context', $1, true)`, [context]);
      await this.client.query(`SET LOCAL ROLE ${pg.escapeIdentifier(this.servingRole)}; SET CONSTRAINTS ALL IMMEDIATE`);
    };
    return this.attempt(prepare, sql, values);
  }

  /** Runs several statements as one attempt; the outcome is the last one's, or the first failure's. */
  async asServingInTurn(context: string, statements: readonly string[]): Promise<Outcome> {
    return this.attempt(
      async () => {
        await this.client.query(`SELECT set_config('bulkhead.context', $1, true)`, [context]);
        await this.client.query(`SET LOCAL ROLE ${pg.escapeIdentifier(this.servingRole)}`);
        for (const statement of statements.slice(0, -1)) await this.client.query(statement);
      },
      statements.at(-1) ?? 'SELECT 1',
    );
  }

  private async attempt(prepare: () => Promise<void>, sql: string, values: readonly unknown[] = []): Promise<Outcome> {
    this.made++;
    await this.client.query('SAVEPOINT attempt');
    try {
      await prepare();
      const { rows, rowCount } = await this.client.query<Record<string, unknown>>(sql, [...values]);
      return { ok: true, rows, count: rowCount ?? 0 };
    } catch (error) {
      return this.failed(error, sql);
    } finally {
      await this.client.query('ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt');
    }
  }

  /** What an error decides; one that decides nothing is remembered. */
  failed(error: unknown, sql: string): Outcome {
    const { code, message = '', detail = '', hint = '' } = error as Partial<pg.DatabaseError>;
    if (code === undefined) throw error;
    // COPY FROM was let in: the driver has nothing to send and ends it.
    const ended = code === '57014' && message.includes('COPY from stdin failed');
    if (!DECIDED.test(code) && !this.refusals.includes(code) && !ended)
      this.undecided.push(`${code} for ${sql.slice(0, 120)}`);
    return { ok: false, code, text: `${message}\n${detail}\n${hint}` };
  }
}

/**
 * Runs `work` in a transaction that is always rolled back, with limits on how long it may wait for others and others for
 * it. The client begins as the login, not as the owner.
 */
export async function rolledBack<T>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return connected(config, async (client) => {
    await client.query(`BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '15s';
      SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL search_path = pg_catalog, pg_temp`);
    try {
      return await work(client);
    } finally {
      await client.query('ROLLBACK');
    }
  });
}

/** Runs `work` on a session of its own. */
export async function connected<T>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionTimeoutMillis: 5_000, application_name: 'bulkhead-isolation', ...config });
  // A session that breaks while nobody waits on it must not end the process; the next statement tells.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
