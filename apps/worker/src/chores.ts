import type { Logger } from '@bulkhead/runtime';

/** Work that is due by the clock. */
export interface Chore {
  /** No turn begins any more; settles when the one that runs has ended. */
  stop(): Promise<void>;
}

/** Does a chore now and then every so often. A turn that is not over yet when the next is due takes that one's place. */
export function every(intervalMs: number, logger: Logger, turn: () => Promise<unknown>): Chore {
  let running: Promise<void> | undefined;
  const take = async (): Promise<void> => {
    try {
      await turn();
    } catch (error) {
      logger.warn('A chore failed; it is tried again.', { error });
    } finally {
      running = undefined;
    }
  };
  const run = (): void => {
    running ??= take();
  };
  run();
  const timer = setInterval(run, intervalMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
