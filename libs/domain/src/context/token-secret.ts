import { hkdfSync, type KeyObject } from 'node:crypto';
import { Redacted } from '@bulkhead/kernel';
import { boxPrivateKey } from './sealed-box.js';

/** What the token service's one secret is turned into: keys that know nothing of each other (HKDF-SHA256, RFC 5869). */
export interface TokenServiceKeys {
  /** AES-256 key that wraps the private parts of signing keys. */
  readonly wrapping: Redacted<Uint8Array>;
  /** X25519 key that context keys are sealed for. */
  readonly box: KeyObject;
}

/** @param secret 32 random bytes. */
export function tokenServiceKeys(secret: Redacted<Uint8Array>): TokenServiceKeys {
  return {
    wrapping: derived(secret, 'bulkhead signing keys v1'),
    box: boxPrivateKey(derived(secret, 'bulkhead context keys v1')),
  };
}

/** Label under which a context key is sealed: it opens for that home and that key id only. */
export function contextKeyLabel(home: string, keyId: string): string {
  return `context key ${keyId} of ${home}`;
}

function derived(secret: Redacted<Uint8Array>, purpose: string): Redacted<Uint8Array> {
  return new Redacted(new Uint8Array(hkdfSync('sha256', secret.reveal(), '', purpose, 32)));
}
