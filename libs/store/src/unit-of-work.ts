import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource, EntityManager } from 'typeorm';

const current = new AsyncLocalStorage<EntityManager>();

/**
 * Carries the one transaction of a command to everything that takes part in it. Handlers ask for {@link manager} and
 * get an error outside of {@link run}: state cannot be written around the gate by calling a handler directly.
 */
export class UnitOfWork {
  constructor(readonly source: DataSource) {}

  /** Runs `work` in one READ COMMITTED transaction: commits when it resolves, rolls back when it throws. */
  run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (current.getStore()) throw new Error('A unit of work is already open: commands do not nest');
    return this.source.transaction((manager) => current.run(manager, () => work(manager)));
  }

  /** The open transaction. @throws Error outside of {@link run}. */
  get manager(): EntityManager {
    const manager = current.getStore();
    if (!manager) throw new Error('No unit of work is open: send a command through the gate instead');
    return manager;
  }
}

/**
 * Tells whether `error` is a violation of the named unique index or constraint (SQLSTATE 23505), so that a race that
 * slipped past a check answers in the same words as the check.
 */
export function violates(error: unknown, constraint: string): boolean {
  const fault = (error as { driverError?: unknown }).driverError ?? error;
  const { code, constraint: name } = fault as { code?: string; constraint?: string };
  return code === '23505' && name === constraint;
}
