import { runMigrations } from '@bulkhead/store';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import pg from 'pg';
import { LEDGER_MIGRATIONS } from '../ledger/ledger-billing.js';

/** A throwaway database that holds the ledger and nothing else, made by the migrator. */
export async function startLedgerDatabase(): Promise<TestDatabase> {
  const database = await startTestPostgres({ migrated: false });
  await runMigrations(database.migratorUrl, [LEDGER_MIGRATIONS]);
  return database;
}

/**
 * A pool whose connections break for good after so many statements: the next statement is executed and its answer
 * lost, later ones do not get through.
 */
export class BreakablePool {
  private left = Number.POSITIVE_INFINITY;
  readonly pool: pg.Pool;

  constructor(url: string) {
    this.pool = new pg.Pool({ connectionString: url, max: 10 });
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => this.watch(client));
  }

  breakAfter(statements: number): void {
    this.left = statements;
  }

  heal(): void {
    this.left = Number.POSITIVE_INFINITY;
  }

  private watch(client: pg.PoolClient): void {
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<pg.QueryResult>;
    client.on('error', () => undefined);
    client.query = (async (...args: unknown[]) => {
      if (this.left < 0) throw new Error('Connection terminated unexpectedly');
      const result = await query(...args);
      this.left -= 1;
      if (this.left >= 0) return result;
      // Ends the session at the server, so that what was not committed is rolled back there.
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      throw new Error('Connection terminated unexpectedly');
    }) as typeof client.query;
  }
}
