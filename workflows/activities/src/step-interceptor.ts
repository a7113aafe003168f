import { AsyncLocalStorage } from 'node:async_hooks';
import { STEP_HEADER, type Failure, type StepTag } from '@bulkhead/definitions';
import type { Logger } from '@bulkhead/runtime';
import { CancelledFailure, type Context } from '@temporalio/activity';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { asApplicationFailure, publicFailure } from './failure.js';
import type { StepProgress } from './step-progress.js';

const HEARTBEAT_MS = 1_000;

const currentStep = new AsyncLocalStorage<StepTag>();

/** The step that the running activity belongs to; none for the runs of a cell's rosters. */
export function stepOfActivity(): StepTag | undefined {
  return currentStep.getStore();
}

/**
 * Around every activity: keeps its step's row, heartbeats on a timer (cancellations arrive with heartbeats), and lets
 * only public texts into Temporal's history.
 */
export class StepInterceptor implements ActivityInboundCallsInterceptor {
  constructor(
    private readonly context: Context,
    private readonly progress: StepProgress,
    private readonly logger: Logger,
  ) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const header = input.headers[STEP_HEADER];
    const tag = header && defaultPayloadConverter.fromPayload<StepTag>(header);
    const heartbeat = setInterval(() => this.context.heartbeat(), HEARTBEAT_MS);
    try {
      if (!tag) return await next(input);
      await this.progress.started(tag, this.context.info.attempt);
      const result = await currentStep.run(tag, () => next(input));
      await this.progress.finished(tag);
      return result;
    } catch (error) {
      return await this.#fail(tag, error);
    } finally {
      clearInterval(heartbeat);
    }
  }

  async #fail(tag: StepTag | undefined, error: unknown): Promise<never> {
    const { info } = this.context;
    if (error instanceof CancelledFailure || this.context.cancellationSignal.aborted) {
      const cancelled = {
        code: 'cancelled',
        message: 'The step was cancelled.',
        remediation: 'Nothing is to be done.',
      };
      await this.#recordFailure(tag, cancelled, false);
      // Temporal counts the activity as cancelled only for this error; whatever a cancelled run threw says no more.
      throw error instanceof CancelledFailure ? error : new CancelledFailure('The activity was cancelled.');
    }
    const failure = asApplicationFailure(error);
    this.logger.warn('An activity failed.', {
      activity: info.activityType,
      workflowId: info.workflowExecution?.workflowId,
      attempt: info.attempt,
      ...(tag && { step: tag.step, operationId: tag.operationId }),
      error,
    });
    const attempts = info.retryPolicy?.maximumAttempts ?? 0;
    const again = !failure.nonRetryable && (attempts === 0 || info.attempt < attempts);
    await this.#recordFailure(tag, publicFailure(failure), again);
    throw failure;
  }

  /** The activity's own outcome must reach Temporal even if its row cannot be written, and nothing else may. */
  async #recordFailure(tag: StepTag | undefined, failure: Failure, again: boolean): Promise<void> {
    if (!tag) return;
    await this.progress.failed(tag, failure, again).catch((error: unknown) => {
      this.logger.warn('The failure of a step could not be recorded.', { operationId: tag.operationId, error });
    });
  }
}
