import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { locateTools } from '@bulkhead/providers/testing/tools';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The runner as CI starts it: a process of its own, whose environment holds nothing that reaches anything. */
export async function runPreview(args: readonly string[]): Promise<Ended> {
  const file = fileURLToPath(new URL('../main.js', import.meta.url));
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    BULKHEAD_PULUMI_ROOT: locateTools().pulumiRoot,
  };
  const child = spawn(process.execPath, [file, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number, stdout, stderr };
}
