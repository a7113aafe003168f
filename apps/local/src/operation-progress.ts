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

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function hasSucceeded({ state }: OperationDetail): boolean {
  return state === 'succeeded';
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

  private constructor(api: ApiClient, first: OperationDetail) {
    this.#api = api;
    this.#latest = first;
  }

  static async begin(api: ApiClient, begin: () => Promise<string>): Promise<Watch> {
    const id = await begin();
    return new Watch(api, await api.get<OperationDetail>(`/v1/operations/${id}`));
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
  return {
    title: words(name),
    task: async (_context, task) => {
      const show = (operation: OperationDetail) => {
        task.output = note(find(operation));
      };
      const isOver = (latest: OperationDetail) => find(latest).state === 'succeeded' || FINAL.has(latest.state);
      const step = find(await watch.until(isOver, show));
      task.title = `${words(name)}${seconds(step.startedAt, step.finishedAt)}`;
    },
  };
}

function operationTask(api: ApiClient, { title, begin }: FollowedOperation): ListrTask {
  return {
    title,
    task: async (_context, task) => {
      const watch = await Watch.begin(api, begin);
      const finish: ListrTask = {
        title: 'end',
        task: async (_inner, last) => {
          const operation = await watch.until(hasSucceeded);
          last.title = 'done';
          task.title = `${title}${seconds(operation.createdAt, operation.finishedAt)}`;
        },
      };
      const steps = watch.steps.map(({ name }) => stepTask(watch, name));
      return task.newListr([...steps, finish], { rendererOptions: { collapseSubtasks: false } });
    },
  };
}

async function printSteps(
  api: ApiClient,
  { title, begin }: FollowedOperation,
  print: (line: string) => void,
): Promise<void> {
  print(`${title}:`);
  const watch = await Watch.begin(api, begin);
  const printed = new Map<string, string>();
  const operation = await watch.until(hasSucceeded, ({ steps }) => {
    for (const step of steps) {
      const remark = note(step);
      const line = `  ${words(step.name)}: ${step.state}${seconds(step.startedAt, step.finishedAt)}${remark && `, ${remark}`}`;
      if (step.state === 'pending' || printed.get(step.name) === line) continue;
      printed.set(step.name, line);
      print(line);
    }
  });
  print(`  done${seconds(operation.createdAt, operation.finishedAt)}`);
}

/**
 * Carries out operations one after the other and shows their steps: a live tree on a terminal, plain lines elsewhere.
 * @throws BulkheadError `local_operation_failed` with the reason that the operation gives.
 */
export async function followOperations(
  api: ApiClient,
  operations: readonly FollowedOperation[],
  print: (line: string) => void,
): Promise<void> {
  // A terminal too narrow for a line would show a column of letters.
  if (process.stdout.isTTY && process.stdout.columns >= 60) {
    await new Listr(operations.map((operation) => operationTask(api, operation))).run();
    return;
  }
  for (const operation of operations) await printSteps(api, operation, print);
}
