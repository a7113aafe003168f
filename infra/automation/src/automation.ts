import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { RecordedState } from '@bulkhead/domain/fleet';
import pg from 'pg';
import type { AutomationConfig } from './config.js';
import { pulumiVersion } from './pulumi-version.js';
import { sweepRunFolders } from './run-folder.js';
import { Run, type RunRequest, type RunResult } from './run.js';
import { sweepExpiredLogins } from './state/leases.js';
import { listStacks, readRecordedState, readStackState, type StackResource } from './state/stack-state.js';
import { ensureStateSchema } from './state/state-schema.js';

/** Runs Pulumi programs: the only way to it. */
export interface Automation {
  /**
   * Brings a stack to its specification (`up`), says what that would change (`preview`), reads the cloud's truth into
   * the state (`refresh`), or removes everything and forgets the stack (`destroy`; not an error when it is gone).
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
  const holder = `${hostname()}:${process.pid}:${randomUUID()}`;
  return {
    run: (request) => new Run(pool, { ...config, pulumiVersion: version }, holder, request).execute(),
    listStacks: () => listStacks(pool),
    stackResources: async (stack) => (await readStackState(pool, stack))?.resources ?? [],
    recordedState: (stack) => readRecordedState(pool, stack),
    async sweep() {
      await sweepRunFolders(config);
      return sweepExpiredLogins(pool);
    },
    close: () => pool.end(),
  };
}
