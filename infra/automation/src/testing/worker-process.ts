import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AutomationConfig } from '../config.js';
import type { RunRequest } from '../run-request.js';
import type { ProgramEvent } from '../session/messages.js';

/** A worker in a process of its own, in the middle of one run. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Ends without an error once the process is gone. */
  readonly exited: Promise<unknown>;
}

/** Starts a run in a worker process and tells its events. */
export function startWorker(
  config: AutomationConfig,
  run: Omit<RunRequest, 'signal' | 'onEvent'>,
  onEvent: (event: ProgramEvent) => void,
): WorkerProcess {
  const script = fileURLToPath(new URL('./run-worker.main.js', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify({ config, run })], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] },
  });
  createInterface(child.stdout).on('line', (line) => {
    const event = JSON.parse(line) as ProgramEvent | { failed: string };
    if ('operation' in event) onEvent(event);
  });
  return { child, exited: once(child, 'exit') };
}
