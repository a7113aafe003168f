import { discardedBy, stackName } from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';
import type pg from 'pg';
import { DEFAULTS, type RunConfig } from './config.js';
import {
  leaseLost,
  policyViolation,
  providerFailed,
  runCancelled,
  runCrashed,
  runStalled,
  runTimedOut,
  stackProtected,
} from './errors.js';
import type { Previews } from './fleet/previews.js';
import { keepLease } from './lease-keeper.js';
import { prepareFolder, removeFolder, sessionSettings } from './run-folder.js';
import type { RunAction, RunRequest, RunResult } from './run-request.js';
import type { Command, Failure, OpenCommand, ResourceChanges } from './session/messages.js';
import { SessionEnded, SessionProcess } from './session/session-process.js';
import { StackActions } from './stack-actions.js';
import { acquireLease, releaseLease, stateWaits, type Lease } from './state/leases.js';
import { readRecordedState, readStackState } from './state/stack-state.js';

/** Actions after which the state is another. */
const LASTING: ReadonlySet<RunAction> = new Set(['up', 'repair', 'adopt']);

/** Why a run was ended from outside. */
type Ending = 'cancelled' | 'lease_lost' | 'timed_out' | 'stalled';

/** One run: a lease, a folder, a child process and what ends them. What is done meanwhile is StackActions'. */
export class Run {
  readonly #stack: string;
  readonly #actions: StackActions;
  #ending: Ending | undefined;
  #session: SessionProcess | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;
  #stalled: { readonly command: string; readonly waits: readonly string[] } = { command: '', waits: [] };

  constructor(
    private readonly pool: pg.Pool,
    private readonly config: RunConfig,
    private readonly holder: string,
    private readonly wanted: RunRequest,
    previews: Pick<Previews, 'plan'>,
  ) {
    this.#stack = stackName(wanted.request);
    this.#actions = new StackActions(pool, this.#stack, wanted, previews, (command) => this.#command(command));
  }

  async execute(): Promise<RunResult> {
    const started = performance.now();
    if (this.wanted.signal?.aborted) throw runCancelled(this.#stack);
    const ttlMs = this.config.leaseTtlMs ?? DEFAULTS.leaseTtlMs;
    const maxRunMs = this.config.maxRunMs ?? DEFAULTS.maxRunMs;
    const lease = await acquireLease(this.pool, {
      stack: this.#stack,
      holder: this.holder,
      operation: this.wanted.operationId,
      builds: this.wanted.action === 'up' || this.wanted.action === 'repair',
      discardedBy: this.wanted.action === 'destroy' ? discardedBy(this.wanted.request) : undefined,
      ttlMs,
      loginMs: maxRunMs + ttlMs,
    });
    const keeper = keepLease(this.pool, lease, ttlMs, () => this.#end('lease_lost'));
    const deadline = setTimeout(() => this.#end('timed_out'), maxRunMs);
    const cancel = (): void => this.#end('cancelled');
    this.wanted.signal?.addEventListener('abort', cancel);
    // Given while the lease was being acquired, it fired before anybody listened.
    if (this.wanted.signal?.aborted) cancel();
    try {
      const { changes, outputs } = await this.#inFolder(lease);
      const state = LASTING.has(this.wanted.action) ? await readRecordedState(this.pool, this.#stack) : undefined;
      return { changes, outputs, state, durationMs: Math.round(performance.now() - started) };
    } finally {
      this.wanted.signal?.removeEventListener('abort', cancel);
      clearTimeout(deadline);
      clearTimeout(this.#killTimer);
      await keeper.stop();
      // What the run did stands, whether the lease can be given back or not: unreleased, it ends by itself.
      await releaseLease(this.pool, lease).catch(() => undefined);
    }
  }

  #maxSilenceMs(): number {
    return this.config.maxSilenceMs ?? DEFAULTS.maxSilenceMs;
  }

  /** Nothing was begun that could be left half done: the run ends at once, and the next one may fare better. */
  async #stall({ kind }: Command): Promise<void> {
    const waits = await stateWaits(this.pool, this.#stack).catch(() => ['the state database does not answer']);
    this.#stalled = { command: kind, waits };
    this.#end('stalled');
  }

  /** Lost leases end at once: somebody else may hold the stack already. The others let the current operations finish. */
  #end(ending: Ending): void {
    this.#ending ??= ending;
    if (ending === 'lease_lost' || ending === 'stalled') this.#session?.kill();
    else {
      this.#session?.cancel();
      const graceMs = this.config.cancelGraceMs ?? DEFAULTS.cancelGraceMs;
      this.#killTimer ??= setTimeout(() => this.#session?.kill(), graceMs);
    }
  }

  async #inFolder(lease: Lease): Promise<Omit<RunResult, 'durationMs'>> {
    const state = await readStackState(this.pool, this.#stack);
    if (state === undefined && this.wanted.action === 'destroy') return { changes: {}, outputs: {} };
    const folder = await prepareFolder(this.config);
    try {
      const settings = await sessionSettings(this.config, lease, folder, this.wanted.request);
      const open: OpenCommand = { ...settings.open, exists: state !== undefined };
      this.#session = new SessionProcess(open, settings.childEnvironment, {
        event: (event) => this.wanted.onEvent?.(event),
        begun: () => clearTimeout(this.#silenceTimer),
      });
      await this.#command(open);
      return await this.#actions.perform(state);
    } finally {
      await this.#session?.end();
      await removeFolder(folder);
    }
  }

  async #command(command: Command): Promise<ResourceChanges> {
    if (this.#ending !== undefined) throw this.#ended();
    let outcome;
    this.#silenceTimer = setTimeout(() => void this.#stall(command), this.#maxSilenceMs());
    try {
      outcome = await this.#session!.command(command);
    } catch (error) {
      if (this.#ending !== undefined) throw this.#ended(error);
      if (error instanceof SessionEnded) throw runCrashed(this.#stack, error.how, error);
      throw error;
    } finally {
      clearTimeout(this.#silenceTimer);
    }
    // A command may end well although it was asked to stop; the run as a whole still stops here.
    if (this.#ending !== undefined) throw this.#ended();
    if (outcome.failure) throw this.#failed(outcome.failure);
    return outcome.changes ?? {};
  }

  #ended(cause?: unknown): Error {
    const minutes = Math.round((this.config.maxRunMs ?? DEFAULTS.maxRunMs) / 60_000);
    if (this.#ending === 'lease_lost') return leaseLost(this.#stack);
    if (this.#ending === 'stalled') return runStalled(this.#stack, this.#stalled.command, this.#stalled.waits);
    if (this.#ending === 'timed_out') return runTimedOut(this.#stack, minutes);
    return runCancelled(this.#stack, cause);
  }

  #failed(failure: Failure): Error {
    const cause = new Error(failure.message);
    if (failure.refusal) return new BulkheadError(failure.refusal);
    if (failure.violations.length > 0) return policyViolation(this.#stack, failure.violations);
    if (failure.reason === 'protected') return stackProtected(this.#stack, cause);
    if (failure.reason === 'cancelled') return runCancelled(this.#stack, cause);
    return providerFailed(this.#stack, failure.failures, cause);
  }
}
