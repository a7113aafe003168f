import { readdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, signal, type ProcessIdentity } from './process-identity.js';
import { readJson, type StateFolder } from './state-folder.js';

/** What is written down of each running part, so that the next start finds it if this one is killed. */
export interface PidFile {
  readonly process: ProcessIdentity;
  readonly stopSignal: NodeJS.Signals;
}

const PATIENCE_MS = 15_000;

export function pidFile(folder: StateFolder, name: string): string {
  return folder.path('run', `${name}.json`);
}

async function stopLeftover(file: string, log: (line: string) => void): Promise<void> {
  const { process: identity, stopSignal } = readJson(file) as PidFile;
  if (isAlive(identity)) {
    log(`Stopping process ${identity.pid}, which an earlier run left behind.`);
    signal(identity.pid, 'SIGCONT');
    signal(identity.pid, stopSignal);
    for (const deadline = Date.now() + PATIENCE_MS; isAlive(identity); await delay(25)) {
      if (Date.now() > deadline) signal(-identity.pid, 'SIGKILL');
    }
  }
  rmSync(file, { force: true });
}

/**
 * Stops what an earlier run of this folder left running. Only processes whose start time fits the pid file are
 * touched: a pid that the system has given to somebody else since then is left alone. Call it under the folder's lock.
 */
export async function stopLeftovers(folder: StateFolder, log: (line: string) => void): Promise<void> {
  const files = readdirSync(folder.path('run')).filter((file) => file.endsWith('.json'));
  await Promise.all(files.map(async (file) => await stopLeftover(folder.path('run', file), log)));
}
