import { execFileSync } from 'node:child_process';
import { waitFor } from '@bulkhead/kernel';

export interface LivingProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes of the machine that live (zombies do not). */
function livingProcesses(): readonly LivingProcess[] {
  const lines = execFileSync('ps', ['-ww', '-eo', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, parent, stat, command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || stat?.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}

/** The living processes of runs that work in this Pulumi home: session, CLI, policy pack. */
export function runProcesses(pulumiHome: string): readonly LivingProcess[] {
  const all = livingProcesses();
  const roots = all.filter(({ command }) => command.includes(pulumiHome));
  const found = new Map(roots.map((living) => [living.pid, living]));
  for (let grew = true; grew;) {
    const more = all.filter(({ pid, parent }) => found.has(parent) && !found.has(pid));
    for (const living of more) found.set(living.pid, living);
    grew = more.length > 0;
  }
  return [...found.values()];
}

/** The one CLI that runs an update in this Pulumi home. */
export async function updatingCli(pulumiHome: string): Promise<LivingProcess> {
  return waitFor('the CLI', () =>
    runProcesses(pulumiHome).find(({ command }) => /\/bin\/pulumi (up|destroy)\b/.test(command)),
  );
}

export function isAlive(pid: number): boolean {
  return livingProcesses().some((living) => living.pid === pid);
}
