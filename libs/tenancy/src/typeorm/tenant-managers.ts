import { BulkheadError } from '@bulkhead/kernel';
import type pg from 'pg';
import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import type { TenantContext } from '../context/tenant-context.js';
import type { TenantDatabases, WorkOptions } from '../database/tenant-databases.js';
import { setContext } from '../database/tenant-query.js';

export interface TenantManagersOptions {
  readonly entities: NonNullable<DataSourceOptions['entities']>;
  /** Connections of TypeORM to each database, beside those of {@link TenantDatabases}. Defaults to 10. */
  readonly connectionsPerHome?: number;
}

const CONNECTIONS_PER_HOME = 10;

/** Tenants' databases through TypeORM. */
export class TenantManagers {
  readonly #databases: TenantDatabases;
  readonly #options: TenantManagersOptions;
  readonly #sources = new Map<string, Promise<DataSource>>();

  constructor(databases: TenantDatabases, options: TenantManagersOptions) {
    this.#databases = databases;
    this.#options = options;
  }

  /**
   * Runs `work` with an EntityManager in one transaction for the tenant; the manager is of no use afterwards. Rules and
   * errors are those of {@link TenantDatabases.withTenant}. Beginning the transaction takes a trip of its own, because
   * TypeORM does it.
   */
  withTenant<T>(
    context: TenantContext,
    work: (manager: EntityManager) => Promise<T>,
    { idempotent = false, isolation, readOnly = false }: WorkOptions = {},
  ): Promise<T> {
    return this.#databases.route(context, idempotent, async (_pool, signed, route) => {
      const source = await this.#source(route.home);
      const runner = source.createQueryRunner();
      const client = (await runner.connect()) as pg.PoolClient;
      try {
        await runner.startTransaction(isolation === undefined ? 'READ COMMITTED' : levelOf(isolation));
        const opened = Promise.all([
          setContext(client, signed),
          ...(readOnly ? [client.query('SET TRANSACTION READ ONLY')] : []),
        ]);
        opened.catch(() => undefined);
        const result = await work(runner.manager);
        await opened;
        // TypeORM takes Postgres's ROLLBACK in answer to COMMIT for success. A statement just before it, in the same
        // trip, fails in a transaction that has failed.
        const probe = client.query('SELECT').then(
          () => true,
          () => false,
        );
        await runner.commitTransaction();
        if (!(await probe)) throw aborted();
        // TypeORM ends the innermost transaction only: a nested one was left open, and nothing has been committed.
        if (runner.isTransactionActive) throw unfinished();
        return result;
      } catch (error) {
        if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
        if (client.getTransactionStatus() !== 'I') await client.query('ROLLBACK').catch(() => undefined);
        throw error;
      } finally {
        // What is open must not meet the next tenant, whose COMMIT would be its own.
        if (client.getTransactionStatus() !== 'I') client.end().catch(() => undefined);
        await runner.release();
      }
    });
  }

  async close(): Promise<void> {
    const sources = await Promise.allSettled(this.#sources.values());
    this.#sources.clear();
    await Promise.all(sources.flatMap((source) => (source.status === 'fulfilled' ? [source.value.destroy()] : [])));
  }

  #source(home: string): Promise<DataSource> {
    let source = this.#sources.get(home);
    if (source === undefined) {
      source = this.#open(home);
      this.#sources.set(home, source);
      source.catch(() => this.#sources.delete(home));
    }
    return source;
  }

  async #open(home: string): Promise<DataSource> {
    const max = this.#options.connectionsPerHome ?? CONNECTIONS_PER_HOME;
    const source = new DataSource({
      type: 'postgres',
      entities: this.#options.entities,
      // Errors of TypeORM's logger would print statements and their parameters.
      logging: false,
      installExtensions: false,
      poolErrorHandler: () => undefined,
      extra: { ...(await this.#databases.connection(home)), pipeline: true, max },
    });
    return source.initialize();
  }
}

function levelOf(
  isolation: NonNullable<WorkOptions['isolation']>,
): 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE' {
  return isolation.toUpperCase() as 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';
}

function unfinished(): BulkheadError {
  return new BulkheadError({
    code: 'transaction_aborted',
    status: 500,
    publicMessage: 'A nested transaction was left open and nothing was stored.',
    remediation: 'Await every nested transaction inside of the function that was given to withTenant.',
  });
}

function aborted(): BulkheadError {
  return new BulkheadError({
    code: 'transaction_aborted',
    status: 500,
    publicMessage: 'The transaction had failed and nothing was stored.',
    remediation: 'Do not go on after a failed statement; use a nested transaction where a failure is expected.',
  });
}
