import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ProgramRequest } from '@bulkhead/domain';
import type { RecordedState } from '@bulkhead/domain/fleet';
import pg from 'pg';
import { DEFAULTS, type AutomationConfig } from './config.js';
import { compareStack, type StackDrift } from './fleet/compare-stack.js';
import { openPreviews } from './fleet/previews.js';
import { pulumiVersion } from './pulumi-version.js';
import { sweepRunFolders } from './run-folder.js';
import { Run } from './run.js';
import type { RunRequest, RunResult } from './run-request.js';
import { holdingOf, sweepExpiredLogins } from './state/leases.js';
import { listStacks, readRecordedState, readStackState, type StackResource } from './state/stack-state.js';
import { ensureStateSchema } from './state/state-schema.js';

/** Runs Pulumi programs: the only way to it. */
export interface Automation {
  /**
   * Brings a stack to its specification (`up`), or removes everything and forgets the stack (`destroy`; not an error
   * when it is gone). Of the targets alone: brings what differs from the specification back to it (`repair`), or
   * believes the cloud (`adopt`).
   * A run that follows a crashed one adopts what that left; repeating a run is harmless.
   * @throws BulkheadError `stack_busy` and `lease_lost` (409, retryable), `run_crashed` (500, retryable),
   *   `run_timed_out` and `run_stalled` (504, retryable), `run_cancelled` and `stack_protected` (409);
   *   RunError `provider_failed` (502, retryable; `failures` names the resources) and `policy_violation` (422;
   *   `violations` names the rules).
   */
  run(request: RunRequest): Promise<RunResult>;
  /** Names of all stacks that have a state. */
  listStacks(): Promise<readonly string[]>;
  /** What the state says of a stack's resources; empty when there is no such stack. */
  stackResources(stack: string): Promise<readonly StackResource[]>;
  /** What the state says of a stack, without secrets; undefined when there is no such stack. Takes no lease. */
  recordedState(stack: string): Promise<RecordedState | undefined>;
  /**
   * Says where the cloud differs from a stack's state, and what the next run would do about it. Takes no lease, so no
   * run ever waits for it; of a stack that a run is working on, or worked on meanwhile, it says nothing.
   * @param known resources (by URN) that differed before.
   * @param signal aborted, it ends at once and throws the signal's reason.
   */
  compare(request: ProgramRequest, known: readonly string[], signal?: AbortSignal): Promise<StackDrift>;
  /** Operation that works on a stack now. */
  heldBy(stack: string): Promise<string | undefined>;
  /** Drops logins and folders that dead workers left; returns how many logins. For a schedule of hours. */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

/** Opens the automation, preparing the state database if it is new. */
export async function createAutomation(config: AutomationConfig): Promise<Automation> {
  const version = await pulumiVersion(config.pulumiRoot);
  const pool = new pg.Pool({
    connectionString: config.stateAdminUrl,
    max: 8,
    application_name: 'bulkhead-automation',
    connectionTimeoutMillis: 5000,
    // A heartbeat that waits longer than this has failed.
    query_timeout: 15_000,
  });
  // Without a listener the loss of an idle connection would end the worker.
  pool.on('error', () => undefined);
  const client = await pool.connect();
  try {
    await ensureStateSchema(client);
  } finally {
    client.release();
  }
  const ttlMs = config.leaseTtlMs ?? DEFAULTS.leaseTtlMs;
  const previews = await openPreviews(config);
  const holder = `${hostname()}:${process.pid}:${randomUUID()}`;
  return {
    run: (request) => new Run(pool, { ...config, pulumiVersion: version }, holder, request, previews).execute(),
    listStacks: () => listStacks(pool),
    stackResources: async (stack) => (await readStackState(pool, stack))?.resources ?? [],
    recordedState: (stack) => readRecordedState(pool, stack),
    compare: (request, known, signal) => compareStack(pool, previews, ttlMs, { request, known, signal }),
    heldBy: async (stack) => (await holdingOf(pool, stack, ttlMs)).heldBy,
    async sweep() {
      await sweepRunFolders(config);
      return sweepExpiredLogins(pool);
    },
    close: () => pool.end(),
  };
}
