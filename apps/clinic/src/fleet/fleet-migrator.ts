import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@bulkhead/runtime';
import type pg from 'pg';
import { migrateDatabase } from './migrate-database.js';

/** Databases that are migrated at the same time. */
const PARALLEL = 4;
/** A new database is there for some seconds before its tenant is activated. */
const LOOK_MS = 500;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export interface FleetOptions {
  /** Ids of all databases that tenants live in or may come to live in. */
  readonly homes: () => Promise<readonly string[]>;
  /** Migrator login of a home. */
  readonly login: (home: string) => Promise<pg.ClientConfig>;
  readonly logger: Logger;
}

interface Failure {
  readonly pauseMs: number;
  readonly retryAt: number;
}

/** Brings every database of the fleet to the newest version: pooled cells and dedicated instances alike. */
export class FleetMigrator {
  readonly #options: FleetOptions;
  readonly #upToDate = new Set<string>();
  readonly #failures = new Map<string, Failure>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /**
   * One pass over the databases that are not known to be up to date. One that cannot be migrated does not stop the
   * others, and is tried again after a pause that grows.
   * @returns homes that are behind.
   * @throws what `homes` throws.
   */
  async run(): Promise<string[]> {
    const homes = await this.#options.homes();
    for (const known of this.#failures.keys()) if (!homes.includes(known)) this.#failures.delete(known);
    const behind = homes.filter((home) => !this.#upToDate.has(home));
    const due = behind.filter((home) => (this.#failures.get(home)?.retryAt ?? 0) <= Date.now()).values();
    await Promise.all(
      Array.from({ length: PARALLEL }, async () => {
        for (const home of due) await this.#migrate(home);
      }),
    );
    return behind.filter((home) => !this.#upToDate.has(home)).toSorted();
  }

  /**
   * Passes until the signal aborts, so that a new database is ready before its tenant is activated.
   * @param onPass is told after each pass which homes are behind.
   */
  async follow(signal: AbortSignal, onPass: (behind: readonly string[]) => void): Promise<void> {
    let reachable = true;
    while (!signal.aborted) {
      try {
        onPass(await this.run());
        reachable = true;
      } catch (error) {
        if (reachable) this.#options.logger.warn('The list of databases cannot be read now.', { error });
        reachable = false;
      }
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #migrate(home: string): Promise<void> {
    const { login, logger } = this.#options;
    const place = home.startsWith('cel_') ? { cellId: home } : { bindingId: home };
    try {
      const { from, to } = await migrateDatabase(await login(home));
      this.#upToDate.add(home);
      this.#failures.delete(home);
      logger.info('A database is up to date.', { ...place, count: to - from, version: String(to) });
    } catch (error) {
      const pauseMs = Math.min((this.#failures.get(home)?.pauseMs ?? FIRST_PAUSE_MS / 2) * 2, LONGEST_PAUSE_MS);
      this.#failures.set(home, { pauseMs, retryAt: Date.now() + pauseMs });
      logger.error('A database could not be migrated.', { ...place, error });
    }
  }
}
