import { BulkheadError } from '@bulkhead/kernel';
import { CONNECTION_TIMEOUT_MS } from './pool-config.js';

/**
 * No tenant takes all connections of a home: three quarters at most, so that a place is free when another's request
 * comes. Who finds none of its tenant's places free waits for its turn.
 */
export class TenantPlaces {
  readonly #each: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(connections: number) {
    this.#each = Math.max(1, Math.floor(connections * 0.75));
  }

  /**
   * @returns what frees the place, once.
   * @throws BulkheadError `tenant_busy` (503) when none becomes free as long as anybody waits for a connection.
   */
  async take(tenantId: string): Promise<() => void> {
    const taken = this.#taken.get(tenantId) ?? 0;
    if (taken >= this.#each) await this.#turn(tenantId);
    else this.#taken.set(tenantId, taken + 1);
    let mine = true;
    return () => {
      if (mine) this.#free(tenantId);
      mine = false;
    };
  }

  /** Whether others of the tenant wait for a place. */
  isWanted(tenantId: string): boolean {
    return (this.#waiting.get(tenantId)?.size ?? 0) > 0;
  }

  #turn(tenantId: string): Promise<void> {
    const waiting = this.#waiting.get(tenantId) ?? new Set();
    this.#waiting.set(tenantId, waiting);
    return new Promise((resolve, reject) => {
      const go = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(go);
        reject(busy());
      }, CONNECTION_TIMEOUT_MS);
      waiting.add(go);
    });
  }

  /** The place goes to whoever of the tenant has waited longest. */
  #free(tenantId: string): void {
    const waiting = this.#waiting.get(tenantId);
    const [next] = waiting ?? [];
    if (waiting !== undefined && next !== undefined) {
      waiting.delete(next);
      return next();
    }
    this.#waiting.delete(tenantId);
    const left = (this.#taken.get(tenantId) ?? 1) - 1;
    if (left > 0) this.#taken.set(tenantId, left);
    else this.#taken.delete(tenantId);
  }
}

function busy(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_busy',
    status: 503,
    publicMessage: 'The tenant’s own requests hold all connections that one tenant may have.',
    remediation:
      'Send fewer requests at once, and this one again in a moment; if it lasts, look for slow transactions.',
    retryable: true,
  });
}
