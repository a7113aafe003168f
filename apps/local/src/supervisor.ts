import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import type { GuardianMessage } from './guardian.js';
import { localError } from './local-error.js';
import { identify, signal, type ProcessIdentity } from './process-identity.js';
import { type PidFile, pidFile } from './leftovers.js';
import { readJson, writePrivateFile, type StateFolder } from './state-folder.js';

export interface ProcessSpec {
  /** Unique in the stack; names the log file `logs/<name>.log` and the pid file `run/<name>.json`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Asks the process for an orderly stop. Defaults to SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** After so many milliseconds an orderly stop becomes a kill. Defaults to 15 s. */
  readonly stopTimeoutMs?: number;
  /** Resolves when the part serves; polled until then and given up when the process ends or the time is over. */
  readonly ready: (running: RunningProcess) => Promise<boolean>;
  /** Defaults to 30 s. */
  readonly readyTimeoutMs?: number;
  /**
   * Tells from what an ended process wrote whether something of a killed predecessor was still in its way. It is then
   * started again, until the time limit.
   */
  readonly cameTooEarly?: (output: string) => boolean;
}

/** What a readiness check may look at. */
export interface RunningProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Size of the log file when this process began: what it wrote itself comes after. */
  readonly logStart: number;
}

const POLL_MS = 25;

/** One supervised child process. */
export class ManagedProcess {
  readonly name: string;
  #spec: ProcessSpec;
  #supervisor: Supervisor;
  #child: ChildProcess | undefined;
  #identity: ProcessIdentity | undefined;
  #ended: Promise<string> = Promise.resolve('was never started');
  #isReady = false;
  #askedToEnd = false;

  constructor(spec: ProcessSpec, supervisor: Supervisor) {
    this.name = spec.name;
    this.#spec = spec;
    this.#supervisor = supervisor;
  }

  /** Process id of the current run; undefined when it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether the current or last run was told to end, by {@link stop} or {@link kill}. */
  get askedToEnd(): boolean {
    return this.#askedToEnd;
  }

  get logFile(): string {
    return this.#supervisor.folder.path('logs', `${this.name}.log`);
  }

  /** Resolves with "exit code 1" or "signal SIGKILL" when the current run ends. */
  get ended(): Promise<string> {
    return this.#ended;
  }

  /**
   * Starts the process and waits until it is ready.
   * @throws BulkheadError `local_part_failed` naming the log file; nothing is left running then.
   */
  async start(): Promise<void> {
    const { readyTimeoutMs = 30_000, cameTooEarly = () => false } = this.#spec;
    const deadline = Date.now() + readyTimeoutMs;
    for (;;) {
      const logStart = this.#spawn();
      const end = await this.#untilReady(logStart, deadline);
      if (end === undefined) return;
      const output = readFileSync(this.logFile).subarray(logStart).toString();
      if (!cameTooEarly(output) || Date.now() >= deadline) throw this.#failure(`ended before it was ready (${end})`);
      await delay(4 * POLL_MS);
    }
  }

  /** Returns how the process ended, if it did. */
  async #untilReady(logStart: number, deadline: number): Promise<string | undefined> {
    const pid = this.#child?.pid as number;
    const running: RunningProcess = { pid, logFile: this.logFile, logStart };
    const { ready, readyTimeoutMs = 30_000 } = this.#spec;
    let end: string | undefined;
    void this.#ended.then((how) => (end = how));
    for (; ; await delay(POLL_MS)) {
      if (end !== undefined) return end;
      if (await ready(running).catch(() => false)) {
        this.#isReady = true;
        return undefined;
      }
      if (Date.now() < deadline) continue;
      signal(-pid, 'SIGKILL');
      await this.#ended;
      throw this.#failure(`was not ready after ${readyTimeoutMs / 1000} s`);
    }
  }

  /**
   * Runs a process that ends by itself, and waits for it.
   * @throws BulkheadError `local_part_failed` when it does not end with exit code 0.
   */
  async runToEnd(): Promise<void> {
    this.#spawn();
    const end = await this.#ended;
    if (end !== 'exit code 0') throw this.#failure(`failed (${end})`);
  }

  /** Orderly stop; after the time limit a kill. Returns when the process is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#askedToEnd = true;
    signal(child.pid as number, 'SIGCONT');
    signal(child.pid as number, this.#spec.stopSignal ?? 'SIGTERM');
    const { stopTimeoutMs = 15_000 } = this.#spec;
    const patience = new AbortController();
    const late = delay(stopTimeoutMs, 'late' as const, { signal: patience.signal }).catch(() => 'late' as const);
    if ((await Promise.race([this.#ended, late])) === 'late') await this.kill();
    patience.abort();
    // What the process itself started and forgot is in its group.
    signal(-(child.pid as number), 'SIGKILL');
  }

  /** kill -9 of the process and its group. Returns when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#askedToEnd = true;
    signal(-(child.pid as number), 'SIGKILL');
    await this.#ended;
  }

  /** Orderly stop where it still runs, then a new start on the same port and data. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** SIGSTOP: the process keeps its connections and answers nothing. */
  suspend(): void {
    signal(this.#child?.pid as number, 'SIGSTOP');
  }

  resume(): void {
    signal(this.#child?.pid as number, 'SIGCONT');
  }

  #failure(what: string): Error {
    return localError(
      'local_part_failed',
      `${this.name} ${what}.`,
      `Read ${this.logFile}, mend the cause and start again.`,
    );
  }

  #spawn(): number {
    if (this.#child) throw new Error(`${this.name} already runs`);
    const { command, args, env, cwd, uid, gid, stopSignal = 'SIGTERM' } = this.#spec;
    const log = openSync(this.logFile, 'a', 0o600);
    const logStart = statSync(this.logFile).size;
    // A group of its own: Ctrl-C in the terminal reaches the supervisor only, which then stops the parts in order.
    const child = spawn(command, [...args], {
      env: { ...env },
      cwd,
      uid,
      gid,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#isReady = false;
    this.#askedToEnd = false;
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, by) => resolve(by ? `signal ${by}` : `exit code ${code}`));
    });
    void this.#ended.then((how) => this.#onEnd(how));
    if (child.pid === undefined) return logStart;
    this.#child = child;
    this.#identity = identify(child.pid);
    if (this.#identity) this.#supervisor.register(this.name, this.#identity, stopSignal);
    return logStart;
  }

  #onEnd(how: string): void {
    if (this.#identity) this.#supervisor.unregister(this.name, this.#identity);
    this.#child = undefined;
    this.#identity = undefined;
    // Until it is ready its end is the starter's to report.
    if (this.#isReady && !this.#askedToEnd) this.#supervisor.onUnexpectedEnd?.(this, how);
  }
}

/** Starts the parts of one state folder as child processes and answers for none of them surviving it. */
export class Supervisor {
  readonly folder: StateFolder;
  /** Called when a part ends although nobody asked it to. */
  onUnexpectedEnd: ((part: ManagedProcess, how: string) => void) | undefined;
  readonly #guardian: ChildProcess;
  readonly #parts: ManagedProcess[] = [];

  constructor(folder: StateFolder) {
    this.folder = folder;
    this.#guardian = spawn(process.execPath, [fileURLToPath(new URL('guardian.js', import.meta.url))], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env.PATH ?? '' },
      cwd: folder.dir,
    });
    this.#guardian.unref();
    this.#guardian.stdin?.on('error', () => undefined);
  }

  /** Process id of the guardian, which outlives this process for as long as it takes to stop the parts. */
  get guardianPid(): number | undefined {
    return this.#guardian.pid;
  }

  /** Runs a process that ends by itself, and waits for it. */
  async runToEnd(spec: Omit<ProcessSpec, 'ready'>): Promise<void> {
    const part = new ManagedProcess({ ...spec, ready: async () => true }, this);
    this.#parts.push(part);
    await part.runToEnd();
    this.#parts.splice(this.#parts.indexOf(part), 1);
  }

  /** Starts a part and waits until it is ready. */
  async launch(spec: ProcessSpec): Promise<ManagedProcess> {
    const part = new ManagedProcess(spec, this);
    this.#parts.push(part);
    await part.start();
    return part;
  }

  /** Stops a part for good. */
  async retire(part: ManagedProcess): Promise<void> {
    await part.stop();
    const index = this.#parts.indexOf(part);
    if (index >= 0) this.#parts.splice(index, 1);
  }

  /** Stops all parts for good. */
  async stopAll(): Promise<void> {
    await Promise.all(this.#parts.map(async (part) => await part.stop()));
    this.#parts.length = 0;
  }

  /** Lets the guardian go and waits until it is gone; call it when all parts have stopped. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#guardian;
    if (exitCode !== null || signalCode !== null) return;
    this.#guardian.ref();
    const gone = once(this.#guardian, 'exit');
    this.#guardian.stdin?.end();
    await gone;
  }

  register(name: string, identity: ProcessIdentity, stopSignal: NodeJS.Signals): void {
    const file: PidFile = { process: identity, stopSignal };
    writePrivateFile(pidFile(this.folder, name), JSON.stringify(file));
    this.#tell({ op: 'add', child: identity, stopSignal });
  }

  unregister(name: string, identity: ProcessIdentity): void {
    this.#tell({ op: 'remove', pid: identity.pid });
    const file = pidFile(this.folder, name);
    const kept = readJson(file) as PidFile | undefined;
    if (kept?.process.startedAt === identity.startedAt) rmSync(file, { force: true });
  }

  #tell(message: GuardianMessage): void {
    this.#guardian.stdin?.write(`${JSON.stringify(message)}\n`);
  }
}
