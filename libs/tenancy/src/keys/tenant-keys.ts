import { BulkheadError } from '@bulkhead/kernel';
import type { TenantContext } from '../context/tenant-context.js';
import type { TenantDatabases } from '../database/tenant-databases.js';
import type { TenantLayer, TenantLayers } from '../layers/tenant-layers.js';
import type { SessionCredentials, TenantSessions } from '../layers/tenant-sessions.js';
import { DATA_KEY_LIMITS, DataKeyCache, type DataKey, type DataKeyLimits } from './data-key-cache.js';
import { checkedPurpose, keyNameOf, openMessage, sealMessage, unreadable, type DataKeyName } from './sealed-message.js';
import { WrappedKeys, type WrappedKey } from './wrapped-keys.js';

export interface TenantKeysOptions {
  readonly databases: TenantDatabases;
  readonly layers: TenantLayers;
  readonly sessions: TenantSessions;
  readonly limits?: DataKeyLimits;
}

interface Newest extends DataKeyName {
  readonly epoch: number;
  readonly readAt: number;
}

/** Encryption with the tenant's own data key, which only KMS can open. */
export class TenantKeys {
  readonly #options: TenantKeysOptions;
  readonly #wrapped: WrappedKeys;
  readonly #cache: DataKeyCache;
  readonly #newest = new Map<string, Newest>();
  readonly #opening = new Map<string, Promise<unknown>>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: TenantKeysOptions) {
    this.#options = options;
    this.#wrapped = new WrappedKeys(options.databases, options.sessions);
    this.#cache = new DataKeyCache(options.limits);
    this.#sweeper = setInterval(() => this.#cache.sweep(), 30_000).unref();
  }

  /**
   * Encrypts with the newest version of the tenant's data key.
   * @param purpose what the message is, such as `patient.ssn`; needed again to read it. Written by the service itself,
   * never taken from a request.
   * @returns the message, 52 bytes longer than the plaintext; its format is in the README.
   * @throws BulkheadError `tenant_key_unavailable` (403 or 503); `key_purpose_invalid` (500); or like
   * {@link TenantLayers.find} and {@link TenantSessions.credentials}.
   */
  async encrypt(context: TenantContext, purpose: string, plaintext: Uint8Array): Promise<Buffer> {
    const use = { tenantId: context.tenantId, purpose: checkedPurpose(purpose) };
    const layer = await this.#options.layers.find(context, 'key');
    for (;;) {
      const newest = this.#newestOf(layer);
      const key = newest && this.#cache.find(context.tenantId, newest);
      if (key !== undefined && key.left > 0) {
        key.left -= 1;
        return sealMessage(key, key.bytes, use, plaintext);
      }
      await this.#once(`newest ${context.tenantId}`, () => this.#loadNewest(context, layer));
    }
  }

  /**
   * Reads a message of the same tenant and purpose, whichever version of the key it was encrypted with.
   * @throws BulkheadError `tenant_message_unreadable` (422), whatever is wrong with it; or like {@link encrypt}.
   */
  async decrypt(context: TenantContext, purpose: string, message: Uint8Array): Promise<Buffer> {
    const use = { tenantId: context.tenantId, purpose: checkedPurpose(purpose) };
    const name = keyNameOf(message);
    const layer = await this.#options.layers.find(context, 'key');
    for (;;) {
      const key = this.#cache.find(context.tenantId, name);
      if (key !== undefined) return openMessage(key.bytes, use, message);
      const id = `${name.bindingId} ${name.version} ${context.tenantId}`;
      await this.#once(id, () => this.#load(context, layer, name));
    }
  }

  /**
   * Makes a new version of the tenant's data key, which encrypts from now on: here at once, in other processes when
   * their `maxAgeMs` is over. What was encrypted before stays readable.
   * @returns the newest version.
   */
  async rotate(context: TenantContext): Promise<number> {
    const layer = await this.#options.layers.find(context, 'key');
    const before = newestOf(await this.#wrapped.list(context), layer);
    await this.#wrapped.add(context, layer, (before?.version ?? 0) + 1);
    this.#newest.delete(context.tenantId);
    const after = newestOf(await this.#wrapped.list(context), layer);
    return after?.version ?? 0;
  }

  /** The credentials that the tenant's wrapped keys are opened with: for tools that speak to KMS themselves. */
  async credentials(context: TenantContext): Promise<SessionCredentials> {
    return this.#wrapped.credentials(await this.#options.layers.find(context, 'key'));
  }

  /** Overwrites every key that is held. */
  close(): void {
    clearInterval(this.#sweeper);
    this.#newest.clear();
    this.#cache.clear();
    this.#wrapped.close();
  }

  #newestOf(layer: TenantLayer<'key'>): Newest | undefined {
    const newest = this.#newest.get(layer.tenantId);
    const { maxAgeMs = DATA_KEY_LIMITS.maxAgeMs } = this.#options.limits ?? {};
    const good =
      newest?.bindingId === layer.bindingId &&
      newest.epoch === layer.epoch &&
      performance.now() - newest.readAt <= maxAgeMs;
    return good ? newest : undefined;
  }

  /** Many callers may wait for one key. */
  async #once(id: string, load: () => Promise<void>): Promise<void> {
    let opening = this.#opening.get(id);
    if (opening === undefined) {
      opening = load().finally(() => this.#opening.delete(id));
      this.#opening.set(id, opening);
    }
    await opening;
  }

  async #loadNewest(context: TenantContext, layer: TenantLayer<'key'>): Promise<void> {
    const { maxMessages = DATA_KEY_LIMITS.maxMessages, maxKeys = DATA_KEY_LIMITS.maxKeys } = this.#options.limits ?? {};
    let newest = await this.#newestKey(context, layer);
    // Its 2^32 messages are spent: the next version takes over.
    if (!(await this.#wrapped.take(context, newest, maxMessages))) {
      await this.rotate(context);
      newest = await this.#newestKey(context, layer);
      if (!(await this.#wrapped.take(context, newest, maxMessages))) throw keyMissing();
    }
    await this.#open(context, layer, newest, maxMessages);
    this.#newest.delete(context.tenantId);
    const { bindingId, version } = newest;
    this.#newest.set(context.tenantId, { bindingId, version, epoch: layer.epoch, readAt: performance.now() });
    const [oldest] = this.#newest.keys();
    if (this.#newest.size > maxKeys && oldest !== undefined) this.#newest.delete(oldest);
  }

  /** A binding without a data key, such as one whose keys were destroyed, gets none from here. */
  async #newestKey(context: TenantContext, layer: TenantLayer<'key'>): Promise<WrappedKey> {
    const newest = newestOf(await this.#wrapped.list(context), layer);
    if (newest === undefined) throw keyMissing();
    return newest;
  }

  async #load(context: TenantContext, layer: TenantLayer<'key'>, name: DataKeyName): Promise<void> {
    const keys = await this.#wrapped.list(context);
    const wrapped = keys.find(({ bindingId, version }) => bindingId === name.bindingId && version === name.version);
    // Not a key of this tenant: the message is somebody else's, or none.
    if (wrapped === undefined) throw unreadable();
    await this.#open(context, layer, wrapped, 0);
  }

  async #open(context: TenantContext, layer: TenantLayer<'key'>, wrapped: WrappedKey, left: number): Promise<void> {
    const bytes = await this.#wrapped.open(layer, wrapped);
    const { bindingId, version } = wrapped;
    const key: DataKey = { bindingId, version, bytes, unwrappedAt: performance.now(), left };
    this.#cache.add(context.tenantId, key);
  }
}

function newestOf(keys: readonly WrappedKey[], { bindingId }: TenantLayer<'key'>): WrappedKey | undefined {
  return keys.filter((key) => key.bindingId === bindingId).toSorted((a, b) => b.version - a.version)[0];
}

function keyMissing(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_key_unavailable',
    status: 503,
    publicMessage: 'The tenant has no key to encrypt with.',
    remediation:
      'Wait until the onboarding or the move of the tenant has finished; what was encrypted before is not touched.',
    retryable: true,
  });
}
