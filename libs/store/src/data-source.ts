import pg from 'pg';
import { DataSource } from 'typeorm';
import * as entities from './entities/index.js';

/**
 * A connection that is cut between two statements of a transaction reports it to nobody, which would end the process.
 * The next statement on it fails all the same.
 */
class ControlClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/** Longest that one statement may take, its wait for a lock included. Migrations have connections of their own. */
const STATEMENT_MS = 30_000;

/**
 * Opens the control database.
 * @param url login of a role that owns nothing (`bulkhead_api` or `bulkhead_worker`).
 * @param poolSize connections at most.
 */
export async function openControlDatabase(url: string, poolSize = 10): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize,
    entities: Object.values(entities).filter((entity) => typeof entity === 'function'),
    synchronize: false,
    extra: {
      Client: ControlClient,
      application_name: 'bulkhead',
      connectionTimeoutMillis: 10_000,
      idle_in_transaction_session_timeout: 30_000,
      statement_timeout: STATEMENT_MS,
      // The server's word cannot come from one that is cut off.
      query_timeout: STATEMENT_MS + 5_000,
    },
  });
  return source.initialize();
}
