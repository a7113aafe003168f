import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  TemporalFailure,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { ServiceClass } from '@bulkhead/domain';
import { RETRY_SIGNAL, STATUS_QUERY, type Failure, type OperationCall, type OperationStatus } from '../contract.js';
import { StepExpired, failureOf } from './failure.js';
import { OperationRun } from './operation-run.js';
import { withDefaults, workersFor, type Workers } from './proxies.js';

const retrySignal = defineSignal(RETRY_SIGNAL);
const statusQuery = defineQuery<OperationStatus>(STATUS_QUERY);

/**
 * Frame of every operation: reports where it stands, answers `retry` and `status`, and takes everything back when the
 * work is cancelled or gives up.
 * @returns whatever `work` returns, which also becomes the operation's result.
 * @throws CancelledFailure after a cancellation, ApplicationFailure with the failure's code when it was undone.
 */
export async function carryOut<T extends object | void>(
  call: OperationCall,
  serviceClass: ServiceClass,
  work: (run: OperationRun, workers: Workers) => Promise<T>,
): Promise<T> {
  const patience = withDefaults(call.patience);
  const workers = workersFor(serviceClass, patience);
  const run = new OperationRun(call.operationId, patience, workers);
  setHandler(retrySignal, () => run.retry());
  setHandler(statusQuery, () => run.status);
  try {
    // Not cancellable: what `work` registers to be taken back comes first, even when the cancellation was quicker.
    await CancellationScope.nonCancellable(() => run.report('running'));
    const result = await work(run, workers);
    // From here on there is nothing left to cancel: what was promised has been handed over.
    await CancellationScope.nonCancellable(() => run.report('succeeded', result ? { result } : {}));
    return result;
  } catch (error) {
    // Anything else is a mistake in this code. Thrown on, it stops the workflow's task until the code is mended,
    // and takes nothing down meanwhile.
    if (!(error instanceof TemporalFailure || error instanceof StepExpired)) throw error;
    const cancelled = isCancellation(error) || CancellationScope.current().consideredCancelled;
    return CancellationScope.nonCancellable(() => (cancelled ? cancel(run) : fail(run, failureOf(error))));
  }
}

async function cancel(run: OperationRun): Promise<never> {
  await run.compensate('cancelling');
  await run.report('cancelled');
  throw new CancelledFailure('The operation was cancelled and everything it did was taken back.');
}

async function fail(run: OperationRun, failure: Failure): Promise<never> {
  await run.compensate('compensating', failure);
  await run.report('failed', { error: failure });
  throw ApplicationFailure.create({ message: failure.message, type: failure.code, nonRetryable: true });
}
