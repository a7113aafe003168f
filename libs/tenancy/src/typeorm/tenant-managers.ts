import { BulkheadError } from '@bulkhead/kernel';
import type pg from 'pg';
import { DataSource, type DataSourceOptions, type EntityManager, type QueryRunner } from 'typeorm';
import type { TenantContext } from '../context/tenant-context.js';
import { HomeConnections } from '../database/home-connections.js';
import { poolConfig } from '../database/pool-config.js';
import { giveBack } from '../database/session-reset.js';
import type { TenantDatabases, WorkOptions } from '../database/tenant-databases.js';
import { TenantPlaces } from '../database/tenant-places.js';
import { setContext } from '../database/tenant-query.js';

export interface TenantManagersOptions {
  readonly entities: NonNullable<DataSourceOptions['entities']>;
  /** Connections of TypeORM to each database, beside those of {@link TenantDatabases}. Defaults to 10. */
  readonly connectionsPerHome?: number;
}

const CONNECTIONS_PER_HOME = 10;

interface Home {
  readonly source: HomeConnections<DataSource>;
  readonly places: TenantPlaces;
}

/** Tenants' databases through TypeORM. */
export class TenantManagers {
  readonly #databases: TenantDatabases;
  readonly #options: TenantManagersOptions;
  readonly #homes = new Map<string, Home>();

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
    return this.#databases.route(context, idempotent, async (signed, { home }) => {
      const { source, places } = this.#home(home);
      const free = await places.take(context.tenantId);
      let lent: QueryRunner | undefined;
      return (
        source
          .hold(
            async (opened) => (lent = await connected(opened, free)),
            (runner) => inTransaction(runner, signed, work, { isolation, readOnly }),
          )
          // Where no connection was had, none will be given back.
          .finally(() => lent ?? free())
      );
    });
  }

  async close(): Promise<void> {
    const homes = [...this.#homes.values()];
    this.#homes.clear();
    await Promise.all(homes.map(({ source }) => source.close()));
  }

  #home(home: string): Home {
    let opened = this.#homes.get(home);
    if (opened === undefined) {
      const max = this.#options.connectionsPerHome ?? CONNECTIONS_PER_HOME;
      const source = new HomeConnections(
        () => this.#open(home, max),
        (one: DataSource) => one.destroy(),
      );
      opened = { source, places: new TenantPlaces(max) };
      this.#homes.set(home, opened);
    }
    return opened;
  }

  async #open(home: string, max: number): Promise<DataSource> {
    const source = new DataSource({
      type: 'postgres',
      entities: this.#options.entities,
      // Errors of TypeORM's logger would print statements and their parameters.
      logging: false,
      installExtensions: false,
      poolErrorHandler: () => undefined,
      extra: { ...poolConfig(await this.#databases.connection(home), max), pipeline: true },
    });
    return source.initialize();
  }
}

async function inTransaction<T>(
  runner: QueryRunner,
  signed: string,
  work: (manager: EntityManager) => Promise<T>,
  { isolation, readOnly }: Pick<WorkOptions, 'isolation' | 'readOnly'>,
): Promise<T> {
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
    await runner.release();
  }
}

/** What TypeORM's runner calls once, at its release (typeorm 1.1, PostgresQueryRunner). */
interface Releasing {
  releaseCallback: ((away?: unknown) => void) | undefined;
}

/**
 * A runner that is of no use once it is released, and whose connection then goes back with its session reset.
 * @param free frees the tenant's place, which is taken for as long as the connection is out.
 */
async function connected(source: DataSource, free: () => void): Promise<QueryRunner> {
  const runner = source.createQueryRunner();
  const client = (await runner.connect()) as pg.PoolClient;
  const releasing = runner as unknown as Releasing;
  const release = releasing.releaseCallback;
  const back = (away: unknown): void => {
    release?.(away);
    free();
  };
  releasing.releaseCallback = (broken) => void giveBack(client, (away) => back(away || broken));
  return runner;
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
