import type { OperationDetail, StepView } from '@bulkhead/client';
import { Listr, ListrLogger, ProcessOutput, type ListrTask } from 'listr2';
import { printable } from '../terminal.js';
import { stepNote, stepTitle, took } from './describe-step.js';

const OVER = new Set<StepView['state']>(['succeeded', 'failed', 'compensated']);

/** Progress as a list of steps that moves, for terminals. */
export class LiveProgress {
  #latest: OperationDetail | undefined;
  #running: Promise<unknown> | undefined;
  #ended = false;
  #look: () => void = () => {};

  constructor(private readonly out: NodeJS.WriteStream) {}

  show(operation: OperationDetail): void {
    this.#latest = operation;
    if (!this.#running && operation.steps.length > 0) this.#running = this.#begin(operation);
    this.#look();
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#look();
    await this.#running;
  }

  #begin({ steps }: OperationDetail): Promise<unknown> {
    const logger = new ListrLogger({ processOutput: new ProcessOutput(this.out, this.out) });
    // The signal is handled in one place, for all commands.
    const options = { exitOnError: false, registerSignalListeners: false, rendererOptions: { logger } };
    return new Listr(
      steps.map((step) => this.#task(step.name)),
      options,
    ).run();
  }

  #task(name: string): ListrTask {
    const find = () => this.#latest?.steps.find((step) => step.name === name) as StepView;
    return {
      title: printable(stepTitle(find())),
      task: async (_context, task) => {
        await new Promise<void>((resolve, reject) => {
          this.#look = () => {
            const step = find();
            const note = printable(stepNote(step));
            task.output = note;
            if (step.state === 'failed') reject(new Error(note || 'failed'));
            else if (OVER.has(step.state)) resolve();
            else if (this.#ended && step.error) reject(new Error(note));
            else if (this.#ended) {
              task.skip(`${task.title}: ${step.state}`);
              resolve();
            }
          };
          this.#look();
        });
        const step = find();
        task.title = `${task.title}${step.state === 'compensated' ? ', undone' : ''}${took(step.startedAt, step.finishedAt)}`;
      },
    };
  }
}
