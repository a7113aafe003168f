import { BulkheadError } from '@bulkhead/kernel';
import { createLogger, type Logger } from '@bulkhead/runtime';

/** How long work that is under way may take to end, once the process was told to stop. */
const GRACE_MS = 20_000;

/** Ends the process in order at the first SIGTERM or SIGINT. */
export function endOnSignal(logger: Logger, close: () => Promise<void>): void {
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info('Stopping.');
    setTimeout(() => process.exit(1), GRACE_MS).unref();
    await close();
    logger.info('Stopped.');
  };
  const onSignal = (): void => {
    stop().catch((error: unknown) => {
      logger.error('It could not be stopped in order.', { error });
      process.exitCode = 1;
    });
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
}

/** Says why a process could not start, and ends it. */
export function failStart(name: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof BulkheadError) process.stderr.write(`${error.publicMessage} ${error.remediation}\n`);
    else createLogger({ name }).fatal('The process could not start.', { error });
    process.exit(1);
  };
}
