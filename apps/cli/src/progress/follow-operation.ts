import type { BulkheadClient, OperationDetail } from '@bulkhead/client';
import { BulkheadError } from '@bulkhead/kernel';
import type { Session } from '../session.js';
import { isCi } from '../terminal.js';
import { failureOf } from './describe-step.js';
import { LineProgress } from './line-progress.js';
import { LiveProgress } from './live-progress.js';

/**
 * Shows an operation's progress until it is over or needs an operator.
 * @param timeoutMs longest wait, milliseconds.
 * @throws BulkheadError `wait_timeout`; the operation itself goes on.
 */
export async function followOperation(
  { terminal }: Session,
  client: BulkheadClient,
  id: string,
  timeoutMs?: number,
): Promise<OperationDetail> {
  // listr2 draws only where stdout is a terminal too; elsewhere it would write its own lines there, among the data.
  const live = terminal.stderr.isTTY && terminal.stdout.isTTY && !isCi(terminal);
  const progress = live ? new LiveProgress(terminal.stderr) : new LineProgress(terminal.stderr);
  const signal = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  let latest: OperationDetail | undefined;
  terminal.whenInterrupted = `Operation ${id} goes on. To watch it again: bulkhead operations watch ${id}`;
  try {
    for await (const operation of client.watchOperation(id, { ...(signal && { signal }) })) {
      latest = operation;
      progress.show(operation);
      if (operation.state === 'needs_attention') break;
    }
  } catch (error) {
    throw signal?.aborted ? timedOut(id, latest) : error;
  } finally {
    terminal.whenInterrupted = undefined;
    await progress.end();
  }
  return latest as OperationDetail;
}

/** @throws BulkheadError with the operation's own code, unless it has succeeded. */
export function assertSucceeded(operation: OperationDetail): void {
  const { id, state } = operation;
  if (state === 'succeeded') return;
  const failure = failureOf(operation);
  const waits = state === 'needs_attention';
  const next = `Then: bulkhead operations retry ${id}, or cancel it: bulkhead operations cancel ${id}`;
  throw new BulkheadError({
    code: failure?.code ?? `operation_${state}`,
    status: 409,
    publicMessage: `Operation ${id} ${waits ? 'needs attention' : state === 'failed' ? 'has failed' : `is ${state}`}${failure ? `: ${failure.message}` : '.'}`,
    remediation: [failure?.remediation, waits ? next : ''].filter(Boolean).join(' '),
  });
}

function timedOut(id: string, latest: OperationDetail | undefined): BulkheadError {
  return new BulkheadError({
    code: 'wait_timeout',
    status: 504,
    publicMessage: `Operation ${id} is not over yet${latest ? ` (${latest.state})` : ''}; it goes on.`,
    remediation: `Go on watching: bulkhead operations watch ${id}`,
  });
}
