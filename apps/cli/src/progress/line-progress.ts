import type { OperationDetail } from '@bulkhead/client';
import { printable } from '../terminal.js';
import { stepNote, stepTitle, took } from './describe-step.js';

/** Progress as lines, one for each change: for logs and pipes. */
export class LineProgress {
  readonly #said = new Map<string, string>();

  constructor(private readonly out: NodeJS.WritableStream) {}

  show(operation: OperationDetail): void {
    for (const step of operation.steps) {
      if (step.state === 'pending' && !this.#said.has(step.name)) continue;
      const note = stepNote(step);
      this.#say(
        step.name,
        `  ${stepTitle(step)}: ${step.state}${took(step.startedAt, step.finishedAt)}${note && `, ${note}`}`,
      );
    }
    const { id, kind, state, createdAt, finishedAt } = operation;
    this.#say('', `${kind} ${id}: ${state}${took(createdAt, finishedAt)}`);
  }

  async end(): Promise<void> {}

  #say(about: string, line: string): void {
    if (this.#said.get(about) === line) return;
    this.#said.set(about, line);
    this.out.write(`${printable(line)}\n`);
  }
}
