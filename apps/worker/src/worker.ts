import type { Dependencies } from '@bulkhead/activities';
import { CommandGate } from '@bulkhead/control';
import type { Patience } from '@bulkhead/definitions';
import { LedgerBilling } from '@bulkhead/integrations';
import type { Logger } from '@bulkhead/runtime';
import { openControlDatabase } from '@bulkhead/store';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import pg from 'pg';
import { createSequencer } from './audit.js';
import { openCommands } from './commands.js';
import type { WorkerConfig } from './config.js';
import { createDependencies } from './dependencies.js';
import { serveHealth } from './health.js';
import { OutboxRelay } from './outbox-relay.js';
import { publishTemplates } from './templates.js';
import { createWorkers } from './temporal-workers.js';

const CHORES_MS = 60 * 60 * 1000;

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
  const sequencer = await createSequencer(config, source, logger);
  const relay = new OutboxRelay(source, temporal, logger, patience);
  const health = await serveHealth(config.BULKHEAD_WORKER_HEALTH_PORT, {
    database: () => source.query('select 1'),
    temporal: async () => {
      if (workers.some((worker) => worker.getState() !== 'RUNNING')) throw new Error('A queue is not served');
    },
  });
  const chores = startChores(dependencies, logger);
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const { signal } = stopping;
  const parts = [...workers.map((worker) => worker.run()), relay.run(signal), sequencer.run(signal)];
  const cleanUp = async (): Promise<void> => {
    clearInterval(chores);
    health.close();
    await dependencies.automation.close();
    await close(connections);
  };
  return { stop, ended: untilAllEnded(parts, stop, cleanUp) };
}

/**
 * What is due by the clock, at the start and then every hour: drops what dead workers left of their Pulumi runs, and
 * issues the ledger's invoices whose period has begun. Another worker may have done it already; that is harmless.
 */
function startChores({ automation, billing }: Dependencies, logger: Logger): NodeJS.Timeout {
  const chores = [
    () => automation.sweep(),
    // Stripe issues by itself.
    async () => (billing.provider instanceof LedgerBilling ? billing.provider.issueDueInvoices() : 0),
  ];
  const run = (): void => {
    for (const chore of chores) {
      chore().catch((error: unknown) => logger.warn('A chore failed; it is tried again in an hour.', { error }));
    }
  };
  run();
  return setInterval(run, CHORES_MS);
}

type Connections = Awaited<ReturnType<typeof connect>>;

async function connect(config: WorkerConfig, logger: Logger) {
  const { BULKHEAD_TEMPORAL_ADDRESS: address, BULKHEAD_TEMPORAL_NAMESPACE: namespace } = config;
  const source = await openControlDatabase(config.BULKHEAD_DATABASE_URL, 12);
  const ledger = new pg.Pool({ connectionString: config.BULKHEAD_DATABASE_URL, max: 4 });
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
    await cleanUp();
  }
}

function patienceOf(config: WorkerConfig): Partial<Patience> {
  const { BULKHEAD_ATTENTION_DEADLINE: deadline, BULKHEAD_STEP_ATTEMPTS: attempts } = config;
  return { ...(deadline && { attentionMs: deadline * 1000 }), ...(attempts && { attempts }) };
}
