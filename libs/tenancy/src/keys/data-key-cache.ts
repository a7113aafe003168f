import type { DataKeyName } from './sealed-message.js';

export interface DataKeyLimits {
  /** Plaintext keys that are held at once. Defaults to 1,000. */
  readonly maxKeys?: number;
  /**
   * How long a key is used before KMS is asked for it again, milliseconds. It is also how long a key that was revoked
   * goes on to be used. Defaults to 300,000.
   */
  readonly maxAgeMs?: number;
  /** Messages that are encrypted with a key before KMS is asked for it again. Defaults to 65,536. */
  readonly maxMessages?: number;
}

export const DATA_KEY_LIMITS = { maxKeys: 1_000, maxAgeMs: 300_000, maxMessages: 65_536 } as const;

/** A data key in the clear. */
export interface DataKey extends DataKeyName {
  readonly bytes: Buffer;
  readonly unwrappedAt: number;
  /** Messages that this process may still encrypt with it. */
  left: number;
}

/** Data keys in the clear, by tenant, binding and version. What leaves the cache is overwritten with zeros. */
export class DataKeyCache {
  readonly #keys = new Map<string, DataKey>();
  readonly #maxKeys: number;
  readonly #maxAgeMs: number;

  constructor({ maxKeys = DATA_KEY_LIMITS.maxKeys, maxAgeMs = DATA_KEY_LIMITS.maxAgeMs }: DataKeyLimits = {}) {
    this.#maxKeys = maxKeys;
    this.#maxAgeMs = maxAgeMs;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** The key, to be used before anything is awaited: it may be overwritten afterwards. */
  find(tenantId: string, name: DataKeyName): DataKey | undefined {
    const id = idOf(tenantId, name);
    const key = this.#keys.get(id);
    if (key === undefined) return undefined;
    if (performance.now() - key.unwrappedAt > this.#maxAgeMs) {
      this.#drop(id, key);
      return undefined;
    }
    // Least recently used goes first.
    this.#keys.delete(id);
    this.#keys.set(id, key);
    return key;
  }

  add(tenantId: string, key: DataKey): void {
    const id = idOf(tenantId, key);
    const before = this.#keys.get(id);
    if (before !== undefined) this.#drop(id, before);
    this.#keys.set(id, key);
    for (const [oldest, old] of this.#keys) {
      if (this.#keys.size <= this.#maxKeys) break;
      this.#drop(oldest, old);
    }
  }

  drop(tenantId: string, name: DataKeyName): void {
    const id = idOf(tenantId, name);
    const key = this.#keys.get(id);
    if (key !== undefined) this.#drop(id, key);
  }

  clear(): void {
    for (const [id, key] of this.#keys) this.#drop(id, key);
  }

  /** Overwrites keys whose time is over, though nobody asks for them any more. */
  sweep(): void {
    const now = performance.now();
    for (const [id, key] of this.#keys) if (now - key.unwrappedAt > this.#maxAgeMs) this.#drop(id, key);
  }

  #drop(id: string, key: DataKey): void {
    this.#keys.delete(id);
    key.bytes.fill(0);
  }
}

function idOf(tenantId: string, { bindingId, version }: DataKeyName): string {
  return `${tenantId} ${bindingId} ${version}`;
}
