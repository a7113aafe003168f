import { BulkheadError } from '@bulkhead/kernel';
import type pg from 'pg';
import { extended, setContext, type Statement } from './tenant-query.js';

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

export interface TransactionOptions {
  /** Defaults to read committed. Under the others a move of the tenant may end the transaction with SQLSTATE 40001. */
  readonly isolation?: Isolation;
  readonly readOnly?: boolean;
}

/** One tenant's open transaction. It ends with the function that it was given to. */
export class TenantTransaction {
  readonly #client: pg.ClientBase;
  #open = true;
  #firstError: unknown;

  /** @internal */
  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  /** The first error that a statement raised: after it Postgres commits nothing. */
  get firstError(): unknown {
    return this.#firstError;
  }

  /**
   * Runs a statement. Statements that are sent without waiting for one another share one trip.
   * @throws BulkheadError `transaction_over` (500) after the transaction has ended; else what Postgres says.
   */
  async query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>> {
    if (!this.#open) {
      throw new BulkheadError({
        code: 'transaction_over',
        status: 500,
        publicMessage: 'A statement came after its transaction had ended.',
        remediation: 'Await every statement inside of the function that was given to withTenant.',
      });
    }
    const whole = typeof statement === 'string' ? { text: statement, ...(values && { values }) } : statement;
    try {
      return await this.#client.query<Row>(extended(whole));
    } catch (error) {
      this.#firstError ??= error;
      throw error;
    }
  }

  /** @internal No statement goes through this object any more: the connection will be another tenant's. */
  end(): void {
    this.#open = false;
  }
}

/**
 * Runs `work` in a transaction with this context. BEGIN and the context travel with the first statement.
 * @throws what `work` throws, after a rollback; BulkheadError `transaction_aborted` when a statement had failed and
 * `work` went on as if it had not.
 */
export async function inTransaction<T>(
  client: pg.ClientBase,
  context: string,
  work: (transaction: TenantTransaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const transaction = new TenantTransaction(client);
  const opened = Promise.all([client.query(beginOf(options)), setContext(client, context)]);
  opened.catch(() => undefined);
  try {
    const result = await work(transaction);
    transaction.end();
    await opened;
    const { command } = await client.query('COMMIT');
    // Postgres answers COMMIT of a failed transaction with ROLLBACK, and no error.
    if (command !== 'COMMIT') throw transaction.firstError ?? aborted();
    return result;
  } catch (error) {
    transaction.end();
    // Fails only with the connection, and then Postgres rolls back by itself.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

function beginOf({ isolation = 'read committed', readOnly = false }: TransactionOptions): string {
  return `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}${readOnly ? ' READ ONLY' : ''}`;
}

function aborted(): BulkheadError {
  return new BulkheadError({
    code: 'transaction_aborted',
    status: 500,
    publicMessage: 'The transaction had failed and nothing was stored.',
    remediation: 'Do not go on after a failed statement; use a savepoint where a failure is expected.',
  });
}
