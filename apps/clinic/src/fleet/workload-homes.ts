import pg from 'pg';

const TIMEOUT_MS = 5_000;

/** The databases that the control plane names to the workload plane, whether a tenant lives in them yet or not. */
export class WorkloadHomes {
  readonly #pool: pg.Pool;

  /** @param connectionString of the login `bulkhead_workload`. */
  constructor(connectionString: string) {
    this.#pool = new pg.Pool({
      connectionString,
      max: 1,
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
    });
    // A connection that broke while idle is replaced at the next look.
    this.#pool.on('error', () => undefined);
  }

  async list(): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ home: string }>('SELECT home FROM workload.home ORDER BY home');
    return rows.map(({ home }) => home);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
