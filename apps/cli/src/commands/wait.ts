import type { BulkheadClient, OperationDetail } from '@bulkhead/client';
import { Option, type Command } from 'commander';
import { duration } from '../arguments.js';
import { assertSucceeded, followOperation } from '../progress/follow-operation.js';
import type { Session } from '../session.js';

export interface WaitOptions {
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly idempotencyKey?: string;
}

/** Adds what every command that starts an operation takes: `--wait`, `--timeout` and `--idempotency-key`. */
export function withWaiting(command: Command): Command {
  return command
    .option('--wait', 'show the progress until the operation is over')
    .addOption(timeoutOption().implies({ wait: true }))
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once');
}

export function timeoutOption(): Option {
  return new Option('--timeout <duration>', 'give up waiting after this time (90s, 15m, 2h); exit code 5').argParser(
    duration,
  );
}

/** The header for a request that is to be carried out once. */
export function onceOnly({ idempotencyKey }: WaitOptions): { headers?: { 'Idempotency-Key': string } } {
  return idempotencyKey === undefined ? {} : { headers: { 'Idempotency-Key': idempotencyKey } };
}

/**
 * Follows the operation when it was asked for, and otherwise says how to.
 * @param print is called once, with the operation when it was followed; also when it has failed.
 * @throws BulkheadError when the followed operation has not succeeded.
 */
export async function finish(
  session: Session,
  client: BulkheadClient,
  id: string,
  { wait, timeout }: WaitOptions,
  print: (ended?: OperationDetail) => Promise<void> | void,
): Promise<void> {
  if (!wait) {
    await print();
    session.note(`Started operation ${id}. To follow it: bulkhead operations watch ${id}`);
    return;
  }
  const ended = await followOperation(session, client, id, timeout);
  await print(ended);
  assertSucceeded(ended);
}
