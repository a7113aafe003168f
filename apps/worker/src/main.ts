import { BulkheadError } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import { Runtime } from '@temporalio/worker';
import { readWorkerConfig } from './config.js';
import { startWorker } from './worker.js';

async function main(): Promise<void> {
  const config = readWorkerConfig();
  const logger = createLogger({ name: 'worker', level: config.BULKHEAD_LOG_LEVEL });
  // Signals are ours: Temporal's own handling would end the workers before what they run is told to stop.
  Runtime.install({ shutdownSignals: [] });
  const worker = await startWorker(config, logger);
  const onSignal = (): void => worker.stop();
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  await worker.ended;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const known = error instanceof BulkheadError;
    process.stderr.write(known ? `${error.publicMessage} ${error.remediation}\n` : '');
    if (!known) createLogger({ name: 'worker' }).fatal('The worker ended.', { error });
    process.exit(1);
  },
);
