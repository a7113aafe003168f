import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A state folder that lives for one test file. */
export function makeStackFolder(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'bulkhead-local-'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

function workingFolder(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

/** Command lines of all living processes that were given this folder or work inside it. */
export function processesOf(dir: string): string[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,stat=,command='], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => {
    const [pid = '', state = ''] = line.trim().split(/\s+/);
    return !state.startsWith('Z') && (line.includes(dir) || workingFolder(pid).startsWith(dir));
  });
}

export interface SupervisorRun {
  readonly child: ChildProcess;
  readonly guardian: number;
  readonly pids: readonly number[];
}

/** Starts the engines under a supervisor process of their own, which a test may kill. */
export async function spawnSupervisor(dir: string): Promise<SupervisorRun> {
  const file = fileURLToPath(new URL('run-engines.main.js', import.meta.url));
  const child = spawn(process.execPath, [file, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  const { guardian, pids } = JSON.parse(text) as { guardian: number; pids: number[] };
  return { child, guardian, pids };
}
