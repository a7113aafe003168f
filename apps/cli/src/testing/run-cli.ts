import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@bulkhead/kernel';

const ATTENDED = new URL('./attended.js', import.meta.url).href;
const BIN = fileURLToPath(new URL('../../bin/bulkhead.mjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Sent to stdin, which is then closed. */
  readonly input?: string;
}

/** A command line that runs. */
export class Running {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;

  constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  async says(text: string): Promise<void> {
    await waitFor(`"${text}" on stderr, which says: ${this.stderr}`, () => this.stderr.includes(text));
  }

  interrupt(): void {
    this.child.kill('SIGINT');
  }
}

/**
 * The command line as somebody uses it: a process of its own with a home folder of its own, and no terminal.
 * @param attended as if there were one, where nobody can be asked but a code can be read.
 */
export class Cli {
  readonly home = mkdtempSync(join(tmpdir(), 'bulkhead-cli-'));
  readonly contexts = join(this.home, '.config/bulkhead/contexts.json');

  constructor(
    private readonly env: Readonly<Record<string, string>> = {},
    private readonly attended = false,
  ) {}

  start(args: readonly string[], { env = {}, input = '' }: RunOptions = {}): Running {
    const child = spawn(process.execPath, [...(this.attended ? ['--import', ATTENDED] : []), BIN, ...args], {
      cwd: this.home,
      env: { HOME: this.home, ...this.env, ...env },
    });
    // It may end without reading.
    child.stdin.on('error', () => {}).end(input);
    return new Running(child);
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return await this.start(args, options).ended;
  }

  /** The JSON that a command prints. @throws Error when it fails. */
  // What a test expects in it is the test's business.
  // oxlint-disable-next-line typescript/no-explicit-any
  async json<T = any>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run([...args, '-o', 'json']);
    if (code !== 0) throw new Error(`bulkhead ${args.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
