import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { say } from './report.mjs';

const BEAT_MS = 2_000;
// A holder that was killed beats no more.
const DEAD_AFTER_MS = 15_000;

function tryTake(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function isDead(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > DEAD_AFTER_MS) return true;
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return false;
  } catch (error) {
    // No such process. A file that is gone, or one of another user's process, is not dead.
    return error.code === 'ESRCH';
  }
}

/** Runs `work` while holding the lock file; waits for another holder, and takes over from a dead one. */
export async function withLock(file, what, work) {
  mkdirSync(dirname(file), { recursive: true });
  for (let told = false; !tryTake(file); await delay(250)) {
    if (isDead(file)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!told) say(`Another run is busy with ${what}; waiting for it.`);
    told = true;
  }
  const beat = setInterval(() => utimesSync(file, new Date(), new Date()), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(file, { force: true });
  }
}
