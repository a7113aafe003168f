import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { redact } from '../redact.js';
import type { Answer, Command, Failure, OpenCommand, PlannedStep, ProgramEvent, ResourceChanges } from './messages.js';

/** Heap of the child, MiB. Programs are small; @pulumi/aws alone takes some 100 MiB. */
const HEAP_MB = 512;
/** Enough of a crash's text to find its cause. */
const KEPT_STDERR = 4000;

export interface CommandOutcome {
  readonly changes?: ResourceChanges;
  readonly failure?: Failure;
  readonly plan?: readonly PlannedStep[];
}

export class SessionEnded extends Error {
  constructor(
    readonly how: string,
    cause: string,
  ) {
    super(`The session ended: ${how}`, { cause });
    this.name = 'SessionEnded';
  }
}

/** The worker's end of a child process that runs Pulumi. */
export class SessionProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #secrets: readonly string[];
  #stderr = '';
  #how: string | undefined;

  constructor(
    { stack, folder, secrets }: OpenCommand,
    environment: Readonly<Record<string, string>>,
    private readonly on: { readonly event: (event: ProgramEvent) => void; readonly begun: () => void },
  ) {
    this.#secrets = secrets;
    // The arguments are for whoever looks at the list of processes.
    this.#child = fork(fileURLToPath(new URL('./main.js', import.meta.url)), [stack, folder], {
      // A group of its own: it can be ended as a whole, with the CLI, and Ctrl-C in a terminal does not reach it.
      detached: true,
      env: { ...environment },
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'json',
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
    });
    this.#exited = once(this.#child, 'exit').then(([code, signal]) => {
      this.#how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      // The CLI may outlive a child that was killed.
      this.kill();
    });
  }

  /** Sends a command and waits for its answer. @throws SessionEnded when the child dies first. */
  async command(command: Command): Promise<CommandOutcome> {
    const answered = Promise.withResolvers<CommandOutcome>();
    const listen = (answer: Answer): void => {
      if (answer.kind === 'event') this.on.event(answer.event);
      else if (answer.kind === 'begun') this.on.begun();
      else {
        const plan = answer.plan && { plan: answer.plan };
        answered.resolve(
          answer.kind === 'done' ? { changes: answer.changes, ...plan } : { failure: answer.failure, ...plan },
        );
      }
    };
    this.#child.on('message', listen);
    try {
      if (this.#how === undefined) this.#child.send(command, () => undefined);
      return await Promise.race([answered.promise, this.#exited.then(() => this.#ended())]);
    } finally {
      this.#child.off('message', listen);
    }
  }

  #ended(): never {
    throw new SessionEnded(this.#how ?? 'unknown', redact(this.#stderr, this.#secrets));
  }

  /** Asks the child to cancel what runs. */
  cancel(): void {
    this.#child.kill('SIGTERM');
  }

  /** Ends the child and everything in its group at once. */
  kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch (error) {
      // Nobody is left in the group.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Ends the child if it is still there, and waits until it is gone. */
  async end(): Promise<void> {
    this.kill();
    await this.#exited;
  }
}
