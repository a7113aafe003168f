import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { BulkheadError, Redacted } from '@bulkhead/kernel';

// A message that only the holder of one X25519 key can read: ephemeral Diffie-Hellman, HKDF-SHA256, AES-256-GCM, in
// the manner of HPKE's base mode (RFC 9180), whose suites node:crypto does not offer whole. The sender is not
// authenticated: whoever stores a sealed message answers for where it came from.

const POINT = 32;
const TAG = 16;
const INFO = 'bulkhead sealed box v1';
/** DER of RFC 8410 up to the 32 bytes of the key. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI = Buffer.from('302a300506032b656e032100', 'hex');

/** @param seed 32 random bytes; the same seed gives the same key. */
export function boxPrivateKey(seed: Redacted<Uint8Array>): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed.reveal()]), format: 'der', type: 'pkcs8' });
}

/** The public part, as configuration carries it: 32 bytes in base64url, 43 characters. */
export function boxPublicKey(privateKey: KeyObject): string {
  return rawPoint(createPublicKey(privateKey)).toString('base64url');
}

/**
 * Seals a message for the holder of a key.
 * @param recipient as {@link boxPublicKey} gives it.
 * @param label what the message is and where it belongs; it opens only with the same label.
 * @throws BulkheadError `invalid_box_recipient` (500).
 */
export function sealFor(recipient: string, message: Redacted<Uint8Array>, label: string): Buffer {
  const ephemeral = generateKeyPairSync('x25519');
  const point = rawPoint(ephemeral.publicKey);
  const { key, nonce } = keysOf(
    ephemeral.privateKey,
    publicKeyOf(recipient),
    point,
    Buffer.from(recipient, 'base64url'),
  );
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(label));
  return Buffer.concat([point, cipher.update(message.reveal()), cipher.final(), cipher.getAuthTag()]);
}

/** @throws BulkheadError `sealed_box_unreadable` (500) for another recipient, another label or a changed message. */
export function openSealed(privateKey: KeyObject, sealed: Uint8Array, label: string): Redacted<Uint8Array> {
  try {
    const box = Buffer.from(sealed);
    const point = box.subarray(0, POINT);
    const sender = createPublicKey({ key: Buffer.concat([SPKI, point]), format: 'der', type: 'spki' });
    const { key, nonce } = keysOf(privateKey, sender, point, rawPoint(createPublicKey(privateKey)));
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(Buffer.from(label));
    decipher.setAuthTag(box.subarray(-TAG));
    return new Redacted(Buffer.concat([decipher.update(box.subarray(POINT, -TAG)), decipher.final()]));
  } catch (cause) {
    throw new BulkheadError({
      code: 'sealed_box_unreadable',
      status: 500,
      publicMessage: 'A sealed secret cannot be opened.',
      remediation: 'Give the process the key that the secret was sealed for, or have the secret made anew.',
      cause,
    });
  }
}

/** Key and nonce are used once: each message has an ephemeral key of its own. */
function keysOf(privateKey: KeyObject, publicKey: KeyObject, sender: Buffer, recipient: Buffer) {
  const shared = diffieHellman({ privateKey, publicKey });
  const bytes = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([sender, recipient]), INFO, 44));
  return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32) };
}

function publicKeyOf(recipient: string): KeyObject {
  const point = Buffer.from(recipient, 'base64url');
  if (point.length === POINT && point.toString('base64url') === recipient)
    return createPublicKey({ key: Buffer.concat([SPKI, point]), format: 'der', type: 'spki' });
  throw new BulkheadError({
    code: 'invalid_box_recipient',
    status: 500,
    publicMessage: 'The public key to seal for is not usable.',
    remediation: 'Give it as 32 bytes in base64url, as the token service prints it.',
  });
}

function rawPoint(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(-POINT);
}
