import { execFileSync } from 'node:child_process';
import { waitFor } from '@bulkhead/kernel';

export interface LivingProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function livingProcesses(): LivingProcess[] {
  const lines = execFileSync('ps', ['-ww', '-eo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, stat, command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || stat?.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** The living processes of Pulumi runs that work in this Pulumi home: session, CLI, policy pack. */
export function runProcesses(pulumiHome: string): LivingProcess[] {
  const all = livingProcesses();
  const found = new Map(all.filter(({ command }) => command.includes(pulumiHome)).map((one) => [one.pid, one]));
  for (let grew = true; grew;) {
    const more = all.filter(({ pid, parent }) => found.has(parent) && !found.has(pid));
    for (const one of more) found.set(one.pid, one);
    grew = more.length > 0;
  }
  return [...found.values()];
}

/** Waits for the processes of the run on a stack whose name begins so: the session first, then its CLI and the rest. */
export async function runOf(pulumiHome: string, stackPrefix: string): Promise<LivingProcess[]> {
  return await waitFor(
    `a run of ${stackPrefix}`,
    () => {
      const all = runProcesses(pulumiHome);
      const session = all.find(
        ({ command }) => command.includes('session/main.js') && command.includes(` ${stackPrefix}`),
      );
      const cli =
        session && all.find(({ parent, command }) => parent === session.pid && /\/pulumi (up|destroy)\b/.test(command));
      if (!session || !cli) return undefined;
      return [session, ...all.filter(({ pid, parent }) => pid === cli.pid || parent === cli.pid)];
    },
    { timeoutMs: 120_000, intervalMs: 20 },
  );
}

export function signalAll(processes: readonly LivingProcess[], signal: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Those that still live. */
export function survivors(processes: readonly LivingProcess[]): LivingProcess[] {
  const living = new Set(livingProcesses().map(({ pid }) => pid));
  return processes.filter(({ pid }) => living.has(pid));
}
