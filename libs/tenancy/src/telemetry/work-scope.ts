import { AsyncLocalStorage } from 'node:async_hooks';

/** What logs say of the work that is being done. All of it is free of PHI and secrets. */
export interface WorkScope {
  readonly tenantId: string;
  /** Epoch of the tenant's database placement when the work began. */
  readonly epoch?: number;
  /** Name of the operation in the code, such as `Patients.create`; never an address, which holds what callers type. */
  readonly operation: string;
  readonly requestId?: string;
  /** Id of the token that the work is done with. */
  readonly tokenId?: string;
}

const current = new AsyncLocalStorage<WorkScope>();

/** Runs `work`, and all that it awaits or starts, under this name. */
export function runInScope<T>(scope: WorkScope, work: () => T): T {
  return current.run(Object.freeze({ ...scope }), work);
}

/** Fields for every log line of the current work; none outside of work for a tenant. Give it to a logger as `bind`. */
export function workFields(): Partial<WorkScope> {
  return current.getStore() ?? {};
}
