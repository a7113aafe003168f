import { fstatSync } from 'node:fs';

/** How often to look whether the parent still lives, milliseconds. */
const PARENT_CHECK_MS = 1_000;

/**
 * Resolves when this process should end: SIGTERM or SIGINT, the parent closed our stdin (when that is a pipe), or the
 * parent died. Without the last two a crashed parent would leave provider servers behind.
 */
export function processEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    const stdin = fstatSync(0);
    if (stdin.isFIFO() || stdin.isSocket()) {
      process.stdin.once('end', () => resolve()).once('close', () => resolve());
      process.stdin.resume();
    }
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      resolve();
    }, PARENT_CHECK_MS);
    watch.unref();
  });
}
