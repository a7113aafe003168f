import pg from 'pg';

const TIMEOUT_MS = 5_000;

/** What the control plane names to the workload plane: databases, and the tenants that are served. */
export class WorkloadDirectory {
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

  /** Every database, whether a tenant lives in it yet or not. */
  async homes(): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ home: string }>('SELECT home FROM workload.home ORDER BY home');
    return rows.map(({ home }) => home);
  }

  /** Tenants that may be served now. */
  async tenants(): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ tenant_id: string }>(
      `SELECT tenant_id FROM workload.route WHERE status = 'active' ORDER BY tenant_id`,
    );
    return rows.map(({ tenant_id: id }) => id);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
