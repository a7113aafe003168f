import { ApplicationFailure, CancellationScope, CancelledFailure, TemporalFailure } from '@temporalio/workflow';
import type { OperationCall } from '../contract.js';
import { carryOut } from '../operation/carry-out.js';
import { failureOf } from '../operation/failure.js';
import type { Workers } from '../operation/proxies.js';
import { withinStep } from '../operation/step-context.js';

/** What became of a plan. */
interface AppliedPlan {
  readonly planHash: string;
  readonly applied: number;
}

/**
 * Applies a fleet plan: what others stand on first, of each program the canaries one after the other, then the rest,
 * so many at once. Nothing is begun after the first failure, nor after a cancellation; what is under way is waited for.
 * There is nothing to take back: each stack that was applied is as the plan says, and the others are untouched.
 */
export async function applyFleetPlan(call: OperationCall<'fleet.apply'>): Promise<AppliedPlan> {
  const { stacks, parallel, canaries, planHash } = call.input;
  return carryOut(call, 'standard', async (_run, workers) => {
    const progress = new Progress(call, workers);
    for (const group of Map.groupBy(stacks, (stack) => stack.split('.')[0]).values()) {
      await progress.through(group.slice(0, canaries), 1);
      await progress.through(group.slice(canaries), parallel);
    }
    return { planHash, applied: progress.applied };
  });
}

class Progress {
  applied = 0;
  readonly #failed: { readonly stack: string; readonly error: unknown }[] = [];
  readonly #outer = CancellationScope.current();

  constructor(
    private readonly call: OperationCall<'fleet.apply'>,
    private readonly workers: Workers,
  ) {}

  /** @throws ApplicationFailure that says what was applied and what was not; CancelledFailure. */
  async through(stacks: readonly string[], atOnce: number): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < stacks.length && this.#failed.length === 0 && !this.#outer.consideredCancelled)
        await this.#one(stacks[next++]!);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (this.#failed.length > 0) throw this.#stopped();
    if (this.#outer.consideredCancelled) throw new CancelledFailure('No further stack was begun.');
  }

  async #one(stack: string): Promise<void> {
    try {
      // A run that is cut off leaves a stack half changed: a cancellation waits for its end.
      await CancellationScope.nonCancellable(() => this.#apply(stack));
      this.applied += 1;
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      this.#failed.push({ stack, error });
    }
  }

  async #apply(stack: string): Promise<void> {
    const { operationId, input } = this.call;
    const { operator, provisioning, persistent } = this.workers;
    const planned = { operationId, planHash: input.planHash, stack };
    const inStep = <T>(work: () => Promise<T>): Promise<T> =>
      withinStep({ operationId, step: stack, phase: 'do' }, work);
    // Outside of the step, whose last word must be its own.
    const settle = (lost: boolean) => persistent.settleLosses({ ...planned, lost });
    const { tenantIds } = await inStep(() => operator.applyPlanStack(planned)).catch(async (error: unknown) => {
      await settle(false);
      throw error;
    });
    await settle(true);
    await inStep(async () => {
      for (const tenantId of tenantIds) {
        await provisioning.initialiseKeys({ operationId, tenantId });
        await provisioning.prepareDatabase({ operationId, tenantId });
        await provisioning.applyRetention({ operationId, tenantId });
      }
    });
    // Not before: applied is what no later operation looks at again.
    await persistent.closePlanStack(planned);
  }

  #stopped(): ApplicationFailure {
    const { code, message, remediation } = failureOf(this.#failed[0]?.error);
    const all = this.call.input.stacks.length;
    const rest = all - this.applied - this.#failed.length;
    const failed = this.#failed.map(({ stack }) => stack).join(', ');
    return ApplicationFailure.create({
      type: code,
      message: `${message} Applied: ${this.applied} of ${all} stacks; failed: ${failed}; not begun: ${rest}.`,
      nonRetryable: true,
      details: [{ remediation }],
    });
  }
}
