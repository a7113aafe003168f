export interface TenantCacheOptions {
  /** Entries that are held at most; the least recently used goes first. */
  readonly capacity: number;
  /** How long an entry is used, milliseconds. */
  readonly maxAgeMs: number;
}

/** Whose data it is, and where it was when it was read: a route, or a layer with its epoch. */
export interface TenantPlace {
  readonly tenantId: string;
  readonly epoch: number;
}

interface Entry<V> {
  readonly value: V;
  readonly expiresAt: number;
}

/**
 * What may be remembered of tenants. A key is always that of one tenant at one epoch, so no tenant is given another's, and
 * a move, which makes a new epoch, leaves nothing behind that could be found.
 */
export class TenantCache<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #capacity: number;
  readonly #maxAgeMs: number;

  constructor({ capacity, maxAgeMs }: TenantCacheOptions) {
    this.#capacity = capacity;
    this.#maxAgeMs = maxAgeMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(place: TenantPlace, key: string): V | undefined {
    const id = idOf(place, key);
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#entries.delete(id);
    if (entry.expiresAt <= performance.now()) return undefined;
    this.#entries.set(id, entry);
    return entry.value;
  }

  /** @param maxAgeMs shorter than the cache's own, for a value that ends by itself. */
  set(place: TenantPlace, key: string, value: V, maxAgeMs = this.#maxAgeMs): void {
    const id = idOf(place, key);
    this.#entries.delete(id);
    this.#entries.set(id, { value, expiresAt: performance.now() + Math.min(maxAgeMs, this.#maxAgeMs) });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#capacity && oldest !== undefined) this.#entries.delete(oldest);
  }

  /** Forgets an entry; with `value`, only while it still is that one. */
  delete(place: TenantPlace, key: string, value?: V): void {
    const id = idOf(place, key);
    if (value === undefined || this.#entries.get(id)?.value === value) this.#entries.delete(id);
  }
}

/** Written as JSON, no two lists of parts are alike, whatever a key holds. */
function idOf({ tenantId, epoch }: TenantPlace, key: string): string {
  return JSON.stringify([tenantId, epoch, key]);
}
