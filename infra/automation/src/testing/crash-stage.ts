import { stackName, type DedicatedTenantSpec, type ProgramRequest } from '@bulkhead/domain';
import { newId, waitFor } from '@bulkhead/kernel';
import pg from 'pg';
import { createAutomation, type Automation } from '../automation.js';
import { readStackState } from '../state/stack-state.js';
import type { PassingRequest } from './aws-proxy.js';
import { cloudInventory } from './inventory.js';
import { startLocalCloud, type LocalCloud } from './local-cloud.js';
import { isAlive, runProcesses, updatingCli } from './processes.js';
import { startWorker } from './worker-process.js';

const REGION = 'us-east-1' as const;

export type DedicatedRequest = Extract<ProgramRequest, { program: 'dedicated-tenant' }>;

export type Victim = 'cli' | 'session' | 'worker';

/** A cloud with a landing zone, and what crash tests do and look at. */
export class CrashStage {
  readonly #pool: pg.Pool;

  private constructor(
    readonly cloud: LocalCloud,
    readonly automation: Automation,
  ) {
    this.#pool = new pg.Pool({ connectionString: cloud.state.adminUrl, max: 2 });
    this.#pool.on('error', () => undefined);
  }

  static async open(): Promise<CrashStage> {
    // A dead worker's lease is over in four seconds, so that its successor need not wait long.
    const cloud = await startLocalCloud({ leaseTtlMs: 4000, cancelGraceMs: 3000 });
    const stage = new CrashStage(cloud, await createAutomation(cloud.config));
    await stage.up({
      program: 'landing-zone',
      spec: { region: REGION, auditBucket: 'bh-audit', logBucket: 'bh-logs', auditLockDays: 1 },
    });
    return stage;
  }

  async close(): Promise<void> {
    await this.automation.close();
    await this.#pool.end();
    await this.cloud.stop();
  }

  /** Layer with an instance of its own, for {@link tenant}. */
  database() {
    return { bindingId: newId('binding'), instanceClass: 'db.t4g.micro', storageGb: 20 };
  }

  /** A request for a tenant with its own key, bucket and queue: some twenty resources. */
  tenant(layers: Partial<DedicatedTenantSpec> = {}): DedicatedRequest {
    const binding = () => ({ bindingId: newId('binding') });
    const spec = {
      stackId: newId('stack'),
      region: REGION,
      retention: { backupDays: 7, objectVersionDays: 30, logDays: 90 },
    };
    return {
      program: 'dedicated-tenant',
      spec: { ...spec, key: binding(), storage: binding(), queue: binding(), ...layers },
    };
  }

  up(request: ProgramRequest) {
    return this.automation.run({ request, action: 'up', operationId: newId('operation') });
  }

  /** Creations that the state does not know the end of. */
  async pendingCreates(request: DedicatedRequest): Promise<readonly string[]> {
    const state = await readStackState(this.#pool, stackName(request));
    return state?.pendingCreates.map(({ urn }) => urn) ?? [];
  }

  /** What the first step of a takeover does to the holder. */
  async stealLease(request: DedicatedRequest): Promise<void> {
    await this.#pool.query(
      `UPDATE bulkhead_lease.pulumi_leases SET state_login = 'thief', heartbeat_at = clock_timestamp() WHERE stack = $1`,
      [stackName(request)],
    );
  }

  /** Repeats a run until the lease of its dead predecessor is over. */
  upAfterTakeover(request: ProgramRequest) {
    return waitFor(
      'the lease to be over',
      () =>
        this.up(request).catch((error: { code?: string }) => {
          if (error.code === 'stack_busy') return undefined;
          throw error;
        }),
      { timeoutMs: 60_000, intervalMs: 500 },
    );
  }

  discard(request: DedicatedRequest) {
    const spec = { ...request.spec, discardedBy: newId('operation') };
    return this.automation.run({ request: { ...request, spec }, action: 'destroy', operationId: newId('operation') });
  }

  /** Everything that exists, database servers included; not the master secrets, whose names RDS makes up. */
  async inventory(): Promise<readonly string[]> {
    const named = (await cloudInventory(this.cloud.emulator)).filter((name) => !name.startsWith('secret rds!'));
    return [...named, ...this.cloud.rds.identifiers().map((identifier) => `instance ${identifier}`)].toSorted();
  }

  /**
   * Brings a tenant up to the call that `matches`, lets the call execute, and kills the victim before anybody hears
   * the answer. Returns when no process of the run is left and the provider, which lives on, has given the call up.
   */
  async crashAfter(
    request: DedicatedRequest,
    matches: (call: PassingRequest) => boolean,
    victim: Victim = 'cli',
  ): Promise<void> {
    const executed = this.cloud.proxy.loseNext('hold', matches);
    const run = { request, action: 'up', operationId: newId('operation') } as const;
    const worker = startWorker(this.cloud.config, run, () => undefined);
    const lost = await Promise.race([
      executed,
      worker.exited.then(() => Promise.reject(new Error('The run ended before it came to the call'))),
    ]);
    const cli = await updatingCli(this.cloud.config.pulumiHome);
    const pids = this.pids();
    const target = { cli: cli.pid, session: cli.parent, worker: worker.child.pid ?? 0 }[victim];
    process.kill(target, 'SIGKILL');
    await worker.exited;
    await this.gone(pids);
    await waitFor('the provider to give up the call of a dead engine', () => lost.isAbandoned());
  }

  /** Waits until none of these processes lives. */
  async gone(pids: readonly number[]): Promise<void> {
    await waitFor('the processes of the run to end', () => !pids.some(isAlive));
  }

  pids(): readonly number[] {
    return runProcesses(this.cloud.config.pulumiHome).map(({ pid }) => pid);
  }

  /** What a whole tenant looks like from outside, whatever happened on the way. */
  expectedOf({ spec }: DedicatedRequest): readonly string[] {
    const hex = (id: string) => id.slice(id.indexOf('_') + 1);
    const { key, storage, queue, database, stackId } = spec;
    return [
      ...(storage ? [`bucket bh-${hex(storage.bindingId)}`] : []),
      ...(queue ? [`queue bh-${hex(queue.bindingId)}`, `queue bh-${hex(queue.bindingId)}-dlq`] : []),
      ...(key ? [`key Bulkhead ${key.bindingId}`, `alias/bulkhead/${key.bindingId}`] : []),
      ...(database
        ? [
            `instance bh-${hex(database.bindingId)}`,
            `secret bulkhead/${database.bindingId}/serving`,
            `secret bulkhead/${database.bindingId}/migrator`,
            `secret bulkhead/${database.bindingId}/consumer`,
          ]
        : []),
      `role bh-${hex(stackId)}`,
    ];
  }
}
