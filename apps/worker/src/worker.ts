import { setTimeout as delay } from 'node:timers/promises';
import type { Dependencies } from '@bulkhead/activities';
import { CommandGate, DueChanges } from '@bulkhead/control';
import type { Patience } from '@bulkhead/definitions';
import { LedgerBilling } from '@bulkhead/integrations';
import type { Logger } from '@bulkhead/runtime';
import { openControlDatabase } from '@bulkhead/store';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { createSequencer } from './audit.js';
import { every, type Chore } from './chores.js';
import { observeQuotas, quotaSource } from './cloud-quotas.js';
import { openCommands } from './commands.js';
import type { WorkerConfig } from './config.js';
import { createDependencies } from './dependencies.js';
import { recordForgottenStacks } from './forgotten-stacks.js';
import { serveHealth } from './health.js';
import { LostWorkflows } from './lost-workflows.js';
import { notificationChannels } from './notification-channels.js';
import { NotificationRelay } from './notification-relay.js';
import { OutboxRelay } from './outbox-relay.js';
import { ensureSchedules } from './schedules.js';
import { publishTemplates } from './templates.js';
import { createWorkers } from './temporal-workers.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Longest for what is left once all parts have ended: whoever stops the worker waits for half a minute in all. */
const CLEAN_UP_MS = 2 * SECOND_MS;

export interface RunningWorker {
  /** Stops in order: no new work, then what runs is told to stop, then the connections. */
  stop(): void;
  /** Settles when everything has stopped; rejects when a part failed. */
  readonly ended: Promise<void>;
}

/** Starts everything that works: Temporal workers, the outbox relay, the audit sequencer. */
export async function startWorker(config: WorkerConfig, logger: Logger): Promise<RunningWorker> {
  const connections = await connect(config, logger);
  const { source, commands, native, temporal, ledger } = connections;
  await publishTemplates(commands.get(CommandGate), config.BULKHEAD_TEMPLATES_DIR);
  const patience = patienceOf(config);
  const dependencies = await createDependencies(config, { commands, temporal, ledger, logger, patience });
  const workers = await createWorkers(native, config.BULKHEAD_TEMPORAL_NAMESPACE, dependencies);
  await ensureSchedules(temporal);
  const sequencer = await createSequencer(config, source, logger);
  const relay = new OutboxRelay(source, temporal, logger, patience);
  const health = await serveHealth(config.BULKHEAD_WORKER_HEALTH_PORT, {
    database: () => source.query('select 1'),
    temporal: async () => {
      if (workers.some((worker) => worker.getState() !== 'RUNNING')) throw new Error('A queue is not served');
    },
  });
  const notifications = new NotificationRelay(source, await notificationChannels(config), logger);
  const quotas = quotaSource(config);
  const chores = startChores(dependencies, source, notifications, () => observeQuotas(quotas, dependencies));
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const { signal } = stopping;
  const parts = [...workers.map((worker) => worker.run()), relay.run(signal), sequencer.run(signal)];
  const cleanUp = async (): Promise<void> => {
    await chores.stop();
    health.close();
    await dependencies.automation.close();
    await close(connections);
  };
  return { stop, ended: untilAllEnded(parts, stop, cleanUp) };
}

/**
 * What is due by the clock, at the start and then again and again. Another worker may have done it already; that is
 * harmless.
 */
function startChores(
  dependencies: Dependencies,
  source: DataSource,
  notifications: NotificationRelay,
  lookAtQuotas: () => Promise<number>,
): Chore {
  const { automation, billing, logger } = dependencies;
  const lost = new LostWorkflows(source, dependencies);
  const due = new DueChanges(dependencies.changes, dependencies.gate);
  const chores = [
    every(HOUR_MS, logger, () => automation.sweep()),
    // Stripe issues by itself.
    every(HOUR_MS, logger, async () =>
      billing.provider instanceof LedgerBilling ? billing.provider.issueDueInvoices() : 0,
    ),
    every(HOUR_MS, logger, () => source.query('select control.prune()')),
    every(HOUR_MS, logger, () => recordForgottenStacks(dependencies, source)),
    every(HOUR_MS, logger, lookAtQuotas),
    every(MINUTE_MS, logger, () => lost.recover()),
    every(10 * SECOND_MS, logger, () => due.settle()),
    every(5 * SECOND_MS, logger, () => notifications.deliver()),
  ];
  return { stop: async () => void (await Promise.all(chores.map((chore) => chore.stop()))) };
}

type Connections = Awaited<ReturnType<typeof connect>>;

async function connect(config: WorkerConfig, logger: Logger) {
  const { BULKHEAD_TEMPORAL_ADDRESS: address, BULKHEAD_TEMPORAL_NAMESPACE: namespace } = config;
  const source = await openControlDatabase(config.BULKHEAD_DATABASE_URL, 12);
  const ledger = new pg.Pool({
    connectionString: config.BULKHEAD_DATABASE_URL,
    ...{ max: 4, application_name: 'bulkhead-ledger', connectionTimeoutMillis: 5_000, query_timeout: 15_000 },
  });
  ledger.on('error', (error) => logger.warn('A connection of the ledger broke.', { error }));
  const commands = await openCommands(source, logger);
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  return { source, ledger, commands, connection, native, temporal: new Client({ connection, namespace }) };
}

async function close({ source, ledger, commands, connection, native }: Connections): Promise<void> {
  await Promise.allSettled([native.close(), connection.close(), ledger.end()]);
  await commands.close();
  await source.destroy();
}

/** One part that fails takes the others down with it: half a worker would look healthy and do half the work. */
async function untilAllEnded(
  parts: readonly Promise<void>[],
  stop: () => void,
  cleanUp: () => Promise<void>,
): Promise<void> {
  try {
    await Promise.all(parts);
  } finally {
    stop();
    await Promise.allSettled(parts);
    // What a part left behind when it was forced to end may hold a connection for as long as it likes.
    await Promise.race([cleanUp(), delay(CLEAN_UP_MS, undefined, { ref: false })]);
  }
}

function patienceOf(config: WorkerConfig): Partial<Patience> {
  const { BULKHEAD_ATTENTION_DEADLINE: deadline, BULKHEAD_STEP_ATTEMPTS: attempts } = config;
  return { ...(deadline && { attentionMs: deadline * 1000 }), ...(attempts && { attempts }) };
}
