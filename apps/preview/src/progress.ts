import { blockedSteps, countOf, OPERATIONS, type StackReport } from './report.js';

/** Tells on stderr how far the preview is: one line that is written over on a terminal, plain lines otherwise. */
export class Progress {
  readonly #live: boolean;

  constructor(private readonly stream: NodeJS.WriteStream) {
    this.#live = stream.isTTY && !process.env['CI'];
  }

  stack(report: StackReport, done: number, all: number, durationMs: number): void {
    const width = String(all).length;
    const text = `[${String(done).padStart(width)}/${all}] ${report.stack}${names(report)}: ${outcome(report)}${time(durationMs)}`;
    // What needs attention stays on the screen.
    const stays = report.result === 'failed' || blockedSteps(report).length > 0 || report.violations.length > 0;
    if (!this.#live) this.stream.write(`${text}\n`);
    else this.stream.write(`\r\u001B[2K${text.slice(0, (this.stream.columns || 80) - 1)}${stays ? '\n' : ''}`);
  }

  note(text: string): void {
    this.stream.write(this.#live ? `\r\u001B[2K${text}\n` : `${text}\n`);
  }
}

function names({ tenants }: StackReport): string {
  if (tenants.length === 0) return '';
  return tenants.length === 1 ? ` (${tenants[0]?.slug})` : ` (${tenants.length} tenants)`;
}

function time(durationMs: number): string {
  return durationMs < 100 ? '' : ` ${(durationMs / 1000).toFixed(1)} s`;
}

/** In a few words what would happen to a stack. */
export function outcome(report: StackReport): string {
  const { result, reason, steps, violations } = report;
  if (result === 'failed') return `failed: ${reason}`;
  if (result === 'not-run') return `not run, ${reason}`;
  if (steps.length === 0 && violations.length === 0) return reason ? `unchanged, ${reason}` : 'unchanged';
  const counts = OPERATIONS.flatMap((operation) => {
    const count = countOf(steps, operation);
    return count === 0 ? [] : [`${count} to ${operation}`];
  });
  const blocked = blockedSteps(report).length;
  return [
    ...counts,
    ...(blocked > 0 ? [`${blocked} BLOCKED`] : []),
    ...(violations.length > 0 ? [`${violations.length} rules broken`] : []),
  ].join(', ');
}
