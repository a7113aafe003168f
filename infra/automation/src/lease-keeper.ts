import type pg from 'pg';
import { beat, type Lease } from './state/leases.js';

/** Heartbeats within the time after which a lease may be taken over. */
const BEATS_PER_TTL = 5;

export interface LeaseKeeper {
  /** Stops the heartbeat after the beat that is under way. */
  stop(): Promise<void>;
}

/**
 * Keeps a lease alive on a timer of its own, whatever the run does. Calls `onLost` once when the lease is somebody
 * else's, or when no heartbeat got through for so long that it may be soon.
 */
export function keepLease(pool: pg.Pool, lease: Lease, ttlMs: number, onLost: () => void): LeaseKeeper {
  const intervalMs = ttlMs / BEATS_PER_TTL;
  let last = performance.now();
  let lost = false;
  let beating: Promise<void> = Promise.resolve();
  let busy = false;
  const lose = (): void => {
    if (lost) return;
    lost = true;
    onLost();
  };
  const tick = async (): Promise<void> => {
    const asked = performance.now();
    try {
      if (!(await beat(pool, lease))) lose();
      else last = asked;
    } catch {
      // The database does not answer: the time since the last success decides.
    }
  };
  const timer = setInterval(() => {
    // One beat short of the limit: the child must be dead when the lease may be taken.
    if (performance.now() - last > ttlMs - intervalMs) lose();
    if (busy || lost) return;
    busy = true;
    beating = tick().finally(() => {
      busy = false;
    });
  }, intervalMs);
  return {
    async stop() {
      clearInterval(timer);
      lost = true;
      await beating;
    },
  };
}
