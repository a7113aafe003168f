/** Retries that a tenant's messages of one kind may begin with, and the most that it can save up. */
const CAPACITY = 10;
/** What each success adds: in the long run one retry for ten messages that went well. */
const REFILL = 0.1;
const MOST_TENANTS = 10_000;

/**
 * Keeps failing messages of one tenant and kind from becoming the load. Each retry takes a token, each success gives a
 * tenth of one back. Counted by each process for itself.
 */
export class RetryBudget {
  readonly #tokens = new Map<string, number>();

  /** Whether a retry may follow soon. */
  take(tenantId: string, kind: string): boolean {
    const id = `${tenantId} ${kind}`;
    const tokens = this.#tokens.get(id) ?? CAPACITY;
    if (tokens < 1) return false;
    this.#set(id, tokens - 1);
    return true;
  }

  succeeded(tenantId: string, kind: string): void {
    const id = `${tenantId} ${kind}`;
    const tokens = this.#tokens.get(id);
    // A full budget is not remembered.
    if (tokens === undefined) return;
    if (tokens + REFILL >= CAPACITY) this.#tokens.delete(id);
    else this.#set(id, tokens + REFILL);
  }

  #set(id: string, tokens: number): void {
    this.#tokens.delete(id);
    this.#tokens.set(id, tokens);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > MOST_TENANTS && oldest !== undefined) this.#tokens.delete(oldest);
  }
}
