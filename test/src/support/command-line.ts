import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DemoUser } from '@bulkhead/local';
import type { TestStack } from './test-stack.js';

const BIN = fileURLToPath(new URL('../../../apps/cli/bin/bulkhead.mjs', import.meta.url));

export interface CommandEnded {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `bulkhead` against the stack as one of its users: a process of its own, as somebody would. */
export async function bulkhead(stack: TestStack, user: DemoUser, ...args: string[]): Promise<CommandEnded> {
  const token = await stack.api.token(user);
  const env = { PATH: process.env.PATH, HOME: stack.dir, BULKHEAD_URL: stack.api.url, BULKHEAD_TOKEN: token };
  return await new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { env, timeout: 240_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** The JSON that a command prints. @throws Error when it fails. */
export async function bulkheadJson<T>(stack: TestStack, user: DemoUser, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await bulkhead(stack, user, ...args, '-o', 'json');
  if (code !== 0) throw new Error(`bulkhead ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
