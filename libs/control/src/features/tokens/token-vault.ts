import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { contextKeyLabel, openSealed, tokenServiceKeys, type ContextKey } from '@bulkhead/domain/context';
import { BulkheadError, Redacted } from '@bulkhead/kernel';
import type { ContextKeyEntity } from '@bulkhead/store';
import { calculateJwkThumbprint, exportJWK } from 'jose';

const NONCE = 12;
const TAG = 16;

/** A new signing key, with its private part as the database may have it. */
export interface MadeSigningKey {
  readonly id: string;
  readonly publicJwk: object;
  readonly privateWrapped: Buffer;
}

/**
 * The only place that turns what the database holds into keys. It lives in the API process alone: everybody else who
 * reads the rows reads ciphertext.
 */
export class TokenVault {
  readonly #keys: ReturnType<typeof tokenServiceKeys>;

  /** @param secret 32 random bytes. */
  constructor(secret: Redacted<Uint8Array>) {
    this.#keys = tokenServiceKeys(secret);
  }

  /** An ES256 key pair whose id is its thumbprint (RFC 7638). */
  async makeSigningKey(): Promise<MadeSigningKey> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = await exportJWK(publicKey);
    const id = await calculateJwkThumbprint(jwk);
    const privateWrapped = this.#wrap(privateKey.export({ format: 'der', type: 'pkcs8' }), id);
    return { id, publicJwk: { ...jwk, kid: id, alg: 'ES256', use: 'sig' }, privateWrapped };
  }

  /** @throws BulkheadError `signing_key_unreadable` (503) when the key was wrapped with another secret. */
  openSigningKey(id: string, wrapped: Uint8Array): KeyObject {
    try {
      const box = Buffer.from(wrapped);
      const key = this.#keys.wrapping.reveal();
      const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, NONCE), { authTagLength: TAG });
      decipher.setAAD(Buffer.from(id)).setAuthTag(box.subarray(-TAG));
      const der = Buffer.concat([decipher.update(box.subarray(NONCE, -TAG)), decipher.final()]);
      return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    } catch (cause) {
      throw unreadable(cause);
    }
  }

  /** @throws BulkheadError `sealed_box_unreadable` (500). */
  openContextKey({ home, id, sealed }: Pick<ContextKeyEntity, 'home' | 'id' | 'sealed'>): ContextKey {
    return { id, secret: openSealed(this.#keys.box, sealed, contextKeyLabel(home, id)) };
  }

  #wrap(plain: Buffer, id: string): Buffer {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#keys.wrapping.reveal(), nonce).setAAD(Buffer.from(id));
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }
}

function unreadable(cause: unknown): BulkheadError {
  return new BulkheadError({
    code: 'signing_key_unreadable',
    status: 503,
    publicMessage: 'The token service cannot open its signing key.',
    remediation:
      'Start the API with the token key file that the key was made with; if it is lost, rotate the signing keys twice, withdrawing the current one.',
    cause,
  });
}
