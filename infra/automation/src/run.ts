import { discardedBy, stackName, type ProgramRequest } from '@bulkhead/domain';
import type { RecordedState } from '@bulkhead/domain/fleet';
import { BulkheadError } from '@bulkhead/kernel';
import type pg from 'pg';
import { DEFAULTS, type RunConfig } from './config.js';
import type { Previews, StackPlan } from './fleet/previews.js';
import {
  RunError,
  leaseLost,
  lossUnnamed,
  policyViolation,
  providerFailed,
  runCancelled,
  runCrashed,
  runStalled,
  runTimedOut,
  stackProtected,
  stillReleased,
} from './errors.js';
import { keepLease } from './lease-keeper.js';
import { prepareFolder, removeFolder, sessionSettings } from './run-folder.js';
import type { Command, Failure, OpenCommand, ProgramEvent, ResourceChanges } from './session/messages.js';
import { lossScope } from './session/loss-scope.js';
import { SessionEnded, SessionProcess } from './session/session-process.js';
import { acquireLease, releaseLease, stateWaits, type Lease } from './state/leases.js';
import {
  pruneStack,
  readRecordedState,
  readStackState,
  removeStack,
  unadopted,
  type StackState,
} from './state/stack-state.js';

export type RunAction = 'up' | 'preview' | 'destroy' | 'refresh' | 'repair' | 'adopt';
/** Actions after which the state is another. */
const LASTING: ReadonlySet<RunAction> = new Set(['up', 'refresh', 'repair', 'adopt']);

export interface RunRequest {
  readonly request: ProgramRequest;
  readonly action: RunAction;
  /** Resources (URNs) that `repair` and `adopt` are about. */
  readonly targets?: readonly string[];
  /**
   * Before `up` changes anything: is given what it would do, tried on a copy of the state, while the lease keeps the
   * state itself as it is. Answers which resources (URNs) may be lost: their protection is lifted and they are deleted
   * first. What it throws ends the run, with nothing touched.
   */
  readonly confirm?: (plan: StackPlan, state: RecordedState | null) => Promise<readonly string[]>;
  /** Whose run this is: recorded in the lease, shown to whoever finds the stack busy. */
  readonly operationId: string;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ProgramEvent) => void;
}

export interface RunResult {
  /** The program's outputs, named as in its `…Outputs` interface; empty after `preview` and `destroy`. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly changes: ResourceChanges;
  readonly durationMs: number;
  /** What the state says after `up` and `refresh`, without secrets: read while the run still holds the stack. */
  readonly state?: RecordedState | undefined;
}

/** Why a run was ended from outside. */
type Ending = 'cancelled' | 'lease_lost' | 'timed_out' | 'stalled';

/** One run: a lease, a folder, a child process and what ends them. */
export class Run {
  readonly #stack: string;
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
    private readonly previews: Pick<Previews, 'plan'>,
  ) {
    this.#stack = stackName(wanted.request);
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
      return await this.#act(state);
    } finally {
      await this.#session?.end();
      await removeFolder(folder);
    }
  }

  async #act(before: StackState | undefined): Promise<Omit<RunResult, 'durationMs'>> {
    switch (this.wanted.action) {
      case 'up':
        await this.#confirm();
        return this.#up();
      case 'preview': {
        try {
          return { changes: await this.#command({ kind: 'preview' }), outputs: {} };
        } finally {
          // The preview of a new stack had to make it; nothing is in it.
          if (before === undefined) await removeStack(this.pool, this.#stack);
        }
      }
      case 'refresh': {
        const changes = await this.#command({ kind: 'refresh' });
        return { changes, outputs: (await this.#state()).outputs };
      }
      case 'repair': {
        // Only a state that says what the cloud does lets `up` see the difference.
        const targets = this.wanted.targets ?? [];
        await this.#command({ kind: 'refresh', targets });
        return { changes: await this.#command({ kind: 'up', targets }), outputs: (await this.#state()).outputs };
      }
      case 'adopt': {
        const changes = await this.#command({ kind: 'refresh', targets: this.wanted.targets ?? [] });
        return { changes, outputs: (await this.#state()).outputs };
      }
      case 'destroy':
        return { changes: await this.#destroy(before ?? (await this.#state())), outputs: {} };
    }
  }

  async #confirm(): Promise<void> {
    const { confirm, request } = this.wanted;
    if (!confirm) return;
    const state = (await readRecordedState(this.pool, this.#stack)) ?? null;
    const losing = await confirm(await this.previews.plan(request, state), state);
    if (losing.length > 0) await this.#lose(losing);
  }

  /** What is replaced is deleted before it is made anew: both have one name, by which the new one would be the old one. */
  async #lose(urns: readonly string[]): Promise<void> {
    const { declared } = await this.#state();
    const there = urns.filter((urn) => declared.some((resource) => resource.urn === urn));
    if (there.length === 0) return;
    const { released, unnamed } = lossScope(declared, there);
    if (unnamed.length > 0) throw lossUnnamed(this.#stack, unnamed);
    try {
      if (released.length > 0) await this.#command({ kind: 'release', known: declared, urns: released });
      await this.#command({ kind: 'lose', urns: there });
    } catch (error) {
      await this.#protectAgain(declared, released, error);
      throw error;
    }
  }

  /** What was to be lost and is still there must not stay without protection. */
  async #protectAgain(before: StackState['declared'], released: readonly string[], cause: unknown): Promise<void> {
    const left = new Set((await this.#state()).declared.map(({ urn }) => urn));
    const urns = released.filter((urn) => left.has(urn));
    if (urns.length === 0) return;
    const known = before.filter(({ urn }) => left.has(urn));
    await this.#command({ kind: 'restore', known, urns }).catch(() => {
      throw stillReleased(urns, cause);
    });
  }

  async #up(): Promise<Omit<RunResult, 'durationMs'>> {
    let changes = await this.#command({ kind: 'up' });
    let state = await this.#state();
    // The program no longer declares what a cut-off run began: now that the state knows it, a second run removes it.
    if (await this.#settle(state)) {
      changes = await this.#command({ kind: 'up' });
      state = await this.#state();
    }
    // Pulumi carries pending creations on for ever. All of them are adopted or removed: it may forget them.
    if (state.pendingCreates.length > 0) await this.#command({ kind: 'clear-pending' });
    await pruneStack(this.pool, this.#stack);
    return { changes, outputs: state.outputs };
  }

  /** Makes the state know what a cut-off run may have made; tells whether there was anything. */
  async #settle(state: StackState): Promise<boolean> {
    const pending = unadopted(state);
    if (pending.length === 0) return false;
    await this.#command({ kind: 'settle', known: state.declared, pending });
    return true;
  }

  async #destroy(before: StackState): Promise<ResourceChanges> {
    // Asked to destroy, Pulumi deletes all that is not protected before it refuses the rest.
    if (isProtected(before) && !this.#isDiscarded()) throw stackProtected(this.#stack);
    const settled = await this.#settle(before);
    if (this.#isDiscarded() && (settled || isProtected(before))) await this.#unprotect();
    const changes = await this.#command({ kind: 'destroy' });
    if ((await this.#state()).resources.length > 0) throw providerFailed(this.#stack, []);
    await removeStack(this.pool, this.#stack);
    return changes;
  }

  async #unprotect(): Promise<void> {
    const { resources } = await this.#state();
    try {
      await this.#command({ kind: 'unprotect', urns: resources.map(({ urn }) => urn) });
    } catch (error) {
      // A resource that is half made may refuse a change and still be removable.
      if (!(error instanceof RunError) || isProtected(await this.#state())) throw error;
    }
  }

  #isDiscarded(): boolean {
    return discardedBy(this.wanted.request) !== undefined;
  }

  async #state(): Promise<StackState> {
    const state = await readStackState(this.pool, this.#stack);
    return state ?? { resources: [], declared: [], pendingCreates: [], outputs: {} };
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

function isProtected({ resources }: StackState): boolean {
  return resources.some((resource) => resource.protect);
}
