import { BulkheadError } from '@bulkhead/kernel';
import type pg from 'pg';
import { keyReused } from '../port.js';

/** SQLSTATE classes after which the same call may succeed: connection, resources, operator intervention, rollback. */
const PASSING = /^(08|53|57|40)/;

/**
 * Runs `work` in one transaction. A connection that fails is thrown away with it.
 * @throws BulkheadError `billing_unavailable` (503, retryable) when the database cannot answer.
 */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => Promise.reject(translate(error)));
  let broken = false;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => (broken = true));
    throw translate(error);
  } finally {
    client.release(broken);
  }
}

/** Serialises what touches one customer or one key until the transaction ends; readers are not held up. */
export async function lock(client: pg.PoolClient, kind: 'key' | 'customer', name: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`billing ${kind} ${name}`]);
}

/**
 * Runs `work` once per key and remembers its answer in the same transaction, so that a repeat after a lost answer is
 * told what the first call was told.
 * @throws BulkheadError `idempotency_key_reused` (422) when the key came with other input before.
 */
export async function once<T extends object>(
  pool: pg.Pool,
  action: string,
  { idempotencyKey, ...input }: { readonly idempotencyKey: string },
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, async (client) => {
    await lock(client, 'key', idempotencyKey);
    const known = await client.query<{ same: boolean; answer: T }>(
      'select action = $2 and input = $3 as same, answer from billing.requests where key = $1',
      [idempotencyKey, action, JSON.stringify(input)],
    );
    const earlier = known.rows[0];
    if (earlier !== undefined) {
      if (!earlier.same) throw keyReused();
      return earlier.answer;
    }
    const answer = await work(client);
    await client.query('insert into billing.requests (key, action, input, answer) values ($1, $2, $3, $4)', [
      idempotencyKey,
      action,
      JSON.stringify(input),
      JSON.stringify(answer),
    ]);
    return answer;
  });
}

function translate(error: unknown): unknown {
  if (error instanceof BulkheadError) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  // A SQLSTATE has five characters; what the driver itself reports (a lost connection) has none or a longer name.
  if (/^[0-9A-Z]{5}$/.test(code) && !PASSING.test(code)) return error;
  return new BulkheadError({
    code: 'billing_unavailable',
    status: 503,
    retryable: true,
    publicMessage: 'The billing ledger cannot be reached.',
    remediation: 'Repeat the call with the same key; what was booked is not booked twice.',
    cause: error,
  });
}
