import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { holds, type Result } from './paired.js';

/**
 * Prints the table. When a control differs from itself the run is void, and the exit code 2.
 * @returns whether every limit was kept to.
 */
export function report(results: readonly Result[]): boolean {
  const lines = results.map((result) => {
    const verdict = { true: 'met', false: 'MISSED', undefined: '' }[String(holds(result)) as 'true'];
    const figures = `${time(result.subjectUs)} ÷ ${time(result.againstUs)}`;
    const ratio = `${result.ratio.toFixed(3)} [${result.low.toFixed(3)}, ${result.high.toFixed(3)}]`;
    return `${result.name.padEnd(62)} ${figures.padStart(22)}  ${ratio}  ${result.limit ?? ''} ${verdict}`;
  });
  const honest = results.filter(({ name }) => name.startsWith('A/A')).every(({ low, high }) => low <= 1 && high >= 1);
  process.stdout.write(
    `${lines.join('\n')}\n${honest ? '' : 'Void: a control differs from itself. Run again on a quiet machine.\n'}`,
  );
  if (!honest) process.exitCode = 2;
  return results.every((result) => holds(result) !== false);
}

/** Writes figures as JSON, with when and on what they were measured. */
export async function save(file: string, figures: object): Promise<void> {
  const facts = { at: new Date().toISOString(), load: loadavg()[0], node: process.version };
  await writeFile(file, `${JSON.stringify({ ...facts, ...figures }, undefined, 2)}\n`);
}

function time(us: number): string {
  return us < 10 ? `${(us * 1000).toFixed(0)} ns` : `${us.toFixed(0)} µs`;
}
