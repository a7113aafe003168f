import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { localError } from './local-error.js';
import { identify, isAlive, type ProcessIdentity } from './process-identity.js';

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    // A starter that was killed while it wrote its lock: nobody holds it.
    return undefined;
  }
}

function tryCreate(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function inUse(dir: string, holder: ProcessIdentity | undefined): Error {
  return localError(
    'local_stack_running',
    `Bulkhead already runs on ${dir}${holder ? ` (process ${holder.pid})` : ''}.`,
    'Stop that run with Ctrl-C in its terminal, or choose another folder with BULKHEAD_DIR.',
  );
}

// Two starters may both find the same dead holder. Renaming is atomic, and the text tells whose lock was taken away:
// the slower one finds the faster one's lock in its hand and puts it back.
function removeDead(file: string, dead: string): boolean {
  const aside = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(file, aside);
  } catch {
    return true;
  }
  if (readFileSync(aside, 'utf8') === dead) {
    rmSync(aside);
    return true;
  }
  renameSync(aside, file);
  return false;
}

/**
 * Takes the lock of a state folder for this process; a lock whose holder is dead is taken over.
 * @returns the function that gives it back.
 * @throws BulkheadError `local_stack_running` naming the process.
 */
export function lockFolder(dir: string): () => void {
  const file = `${dir}/lock.json`;
  const own = identify(process.pid);
  const text = JSON.stringify({ ...own, nonce: randomBytes(8).toString('hex') });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (tryCreate(file, text)) {
      return () => {
        if (readText(file) === text) rmSync(file, { force: true });
      };
    }
    const found = readText(file);
    if (found === undefined) continue;
    const holder = parse(found);
    if (holder && isAlive(holder)) throw inUse(dir, holder);
    if (!removeDead(file, found)) throw inUse(dir, undefined);
  }
  throw inUse(dir, undefined);
}
