import { setTimeout as delay } from 'node:timers/promises';
import { Listr, type ListrTask } from 'listr2';
import type { ApiClient, FailureView, OperationDetail, StepView } from './api-client.js';
import { localError } from './local-error.js';

const POLL_MS = 200;
const FINAL = new Set(['succeeded', 'failed', 'cancelled']);

/** An operation whose steps are shown as they happen. */
export interface FollowedOperation {
  readonly title: string;
  /** Sends the request; gives the id of its operation. */
  readonly begin: () => Promise<string>;
}

function seconds(from: string | null, to: string | null): string {
  return from && to ? ` (${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s)` : '';
}

function explain(failure: FailureView | null): string {
  return failure ? `${failure.message} ${failure.remediation}` : 'no reason was given';
}

function words(step: StepView): string {
  return step.name.replaceAll('_', ' ');
}

function note(step: StepView): string {
  const attempt = step.attempt > 1 ? `attempt ${step.attempt}` : '';
  const waiting = step.waitingFor ? `waiting for ${step.waitingFor}` : '';
  const failure = step.error ? explain(step.error) : '';
  return [attempt, waiting, failure].filter(Boolean).join(', ');
}

// Reads the operation again and again, for all steps together.
class Watch {
  #latest: OperationDetail;
  readonly #api: ApiClient;

  constructor(api: ApiClient, first: OperationDetail) {
    this.#api = api;
    this.#latest = first;
  }

  get steps(): readonly StepView[] {
    return this.#latest.steps;
  }

  /** Waits until `done` says so. @throws BulkheadError when the operation ends badly or needs an operator. */
  async until(
    done: (operation: OperationDetail) => boolean,
    changed?: (operation: OperationDetail) => void,
  ): Promise<OperationDetail> {
    for (;;) {
      changed?.(this.#latest);
      const { state, error, id } = this.#latest;
      if (done(this.#latest)) return this.#latest;
      if (state === 'needs_attention' || (FINAL.has(state) && state !== 'succeeded')) {
        const reason = error ?? this.#latest.steps.find((step) => step.error)?.error ?? null;
        throw localError(
          'local_operation_failed',
          `Operation ${id} is ${state}: ${explain(reason)}`,
          'See logs/worker.log.',
        );
      }
      await delay(POLL_MS);
      this.#latest = await this.#api.get<OperationDetail>(`/v1/operations/${id}`);
    }
  }
}

function stepTask(watch: Watch, name: string): ListrTask {
  const find = (operation: OperationDetail) => operation.steps.find((step) => step.name === name) as StepView;
  const first = watch.steps.find((step) => step.name === name) as StepView;
  return {
    title: words(first),
    task: async (_context, task) => {
      const show = (operation: OperationDetail) => {
        task.output = note(find(operation));
      };
      const operation = await watch.until(
        (latest) => find(latest).state === 'succeeded' || FINAL.has(latest.state),
        show,
      );
      const step = find(operation);
      task.title = `${words(step)}${seconds(step.startedAt, step.finishedAt)}`;
    },
  };
}

function operationTask(api: ApiClient, { title, begin }: FollowedOperation, ended: OperationDetail[]): ListrTask {
  return {
    title,
    task: async (_context, task) => {
      const id = await begin();
      const watch = new Watch(api, await api.get<OperationDetail>(`/v1/operations/${id}`));
      const finish: ListrTask = {
        title: 'done',
        task: async (_inner, last) => {
          const operation = await watch.until(({ state }) => state === 'succeeded');
          ended.push(operation);
          last.title = `done${seconds(operation.createdAt, operation.finishedAt)}`;
        },
      };
      const steps = watch.steps.map((step) => stepTask(watch, step.name));
      return task.newListr([...steps, finish], { rendererOptions: { collapseSubtasks: false } });
    },
  };
}

/**
 * Carries out operations one after the other and shows their steps: a live tree on a terminal, plain lines elsewhere.
 * @returns the operations, succeeded, in the same order.
 * @throws BulkheadError `local_operation_failed` with the reason that the operation gives.
 */
export async function followOperations(
  api: ApiClient,
  operations: readonly FollowedOperation[],
): Promise<OperationDetail[]> {
  const ended: OperationDetail[] = [];
  const tasks = operations.map((operation) => operationTask(api, operation, ended));
  await new Listr(tasks, { fallbackRenderer: 'simple' }).run();
  return ended;
}
