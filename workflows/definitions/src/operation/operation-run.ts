import { CancellationScope, TemporalFailure, condition, isCancellation } from '@temporalio/workflow';
import type { OperationId } from '@bulkhead/kernel';
import type { Failure, OperationStatus, Patience } from '../contract.js';
import { StepExpired, failureOf } from './failure.js';
import type { Workers } from './proxies.js';
import { withinStep } from './step-context.js';

export interface StepOptions {
  /** Takes back what the step did, or may have done: it is registered before the step starts. */
  readonly compensate?: () => Promise<unknown>;
}

interface Compensation {
  readonly step: string;
  readonly run: () => Promise<unknown>;
}

/** One operation under way: its steps, what has to be undone, and where it waits for an operator. */
export class OperationRun {
  state: OperationStatus['state'] = 'running';
  readonly #compensations: Compensation[] = [];
  readonly #waiting = new Map<string, Failure>();
  #retries = 0;

  constructor(
    readonly operationId: OperationId,
    private readonly patience: Patience,
    private readonly workers: Workers,
  ) {}

  get status(): OperationStatus {
    return { state: this.state, waiting: Object.fromEntries(this.#waiting) };
  }

  /** The operator says that the cause was mended. */
  retry(): void {
    this.#retries += 1;
  }

  /** What was done has been handed over: from here on nothing may take it back. */
  handedOver(): void {
    this.#compensations.length = 0;
  }

  async report(state: OperationStatus['state'], facts: { error?: Failure; result?: object } = {}): Promise<void> {
    this.state = state;
    await this.workers.persistent.reportOperation({ operationId: this.operationId, state, ...facts });
  }

  /** Registers what is taken back last of all, whatever happens. */
  lastly(step: string, compensate: () => Promise<unknown>): void {
    this.#compensations.push({ step, run: compensate });
  }

  /**
   * Runs one step until it succeeds. When it fails for good it waits for an operator.
   * @throws CancelledFailure when the operation is cancelled, StepExpired when nobody came in time.
   */
  async step<T>(name: string, work: () => Promise<T>, { compensate }: StepOptions = {}): Promise<T> {
    if (compensate) this.#compensations.push({ step: name, run: compensate });
    for (;;) {
      const retries = this.#retries;
      try {
        return await withinStep({ operationId: this.operationId, step: name, phase: 'do' }, work);
      } catch (error) {
        // After a cancellation an activity may also end with a timeout or an error of its own.
        if (isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
        if (!(error instanceof TemporalFailure)) throw error;
        await this.#waitForOperator(name, failureOf(error), retries);
      }
    }
  }

  /**
   * Runs steps that do not depend on each other at the same time. When one gives up, the others are cancelled and
   * waited for: nothing may still be at work when undoing begins.
   */
  async together(branches: readonly (() => Promise<unknown>)[]): Promise<void> {
    const scope = new CancellationScope();
    const settled = await scope.run(() =>
      Promise.allSettled(
        branches.map((branch) =>
          branch().catch((error: unknown) => {
            scope.cancel();
            throw error;
          }),
        ),
      ),
    );
    const errors = settled.flatMap((branch) => (branch.status === 'rejected' ? [branch.reason as unknown] : []));
    if (errors.length > 0)
      throw errors.find((error) => error instanceof StepExpired) ?? errors.find(isCancellation) ?? errors[0];
  }

  /** Takes back everything, the latest first. Never gives up: what it cannot take back waits for an operator, and is tried again. */
  async compensate(state: 'cancelling' | 'compensating', error?: Failure): Promise<void> {
    this.#waiting.clear();
    await this.report(state, error && { error });
    for (const compensation of this.#compensations.toReversed()) await this.#compensateOne(compensation, state);
  }

  async #compensateOne({ step, run }: Compensation, state: 'cancelling' | 'compensating'): Promise<void> {
    for (;;) {
      const retries = this.#retries;
      try {
        await withinStep({ operationId: this.operationId, step, phase: 'undo' }, run);
        return;
      } catch (error) {
        if (!(error instanceof TemporalFailure)) throw error;
        await this.#askForOperator(
          step,
          failureOf(error),
          'Undoing this step failed: mend the cause, then retry. It is also tried again on its own.',
        );
        await condition(() => this.#retries > retries, this.patience.compensateEveryMs);
        this.#waiting.delete(step);
        await this.report(state);
      }
    }
  }

  async #waitForOperator(step: string, failure: Failure, retries: number): Promise<void> {
    await this.#askForOperator(step, failure, 'Mend the cause, then retry the operation; or cancel it.');
    if (!(await condition(() => this.#retries > retries, this.patience.attentionMs))) throw new StepExpired(failure);
    this.#waiting.delete(step);
    if (this.#waiting.size === 0) await this.report('running');
  }

  async #askForOperator(step: string, failure: Failure, waitingFor: string): Promise<void> {
    this.#waiting.set(step, failure);
    this.state = 'needs_attention';
    await this.workers.persistent.needAttention({ operationId: this.operationId, step, failure, waitingFor });
  }
}
