import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { BulkheadError } from '@bulkhead/kernel';

// A message, big-endian:
//
//   bytes  what
//   3      magic "BHE"
//   1      version of the format, 1
//   16     id of the key binding (the digits of bnd_…)
//   4      version of its data key
//   12     nonce, random
//   n      ciphertext, as long as the plaintext
//   16     tag
//
// AES-256-GCM (NIST SP 800-38D). Associated data: the 24 bytes up to the nonce, then tenant and purpose, each UTF-8
// behind its length in four bytes. Whose it is and what it is for are therefore not in the message, but it opens with
// nothing else.
const MAGIC = Buffer.from([0x42, 0x48, 0x45, 1]);
const HEADER = 24;
const NONCE = 12;
const TAG = 16;

const BINDING = /^bnd_[0-9a-f]{32}$/;
const PURPOSE = /^[a-z0-9][a-z0-9_.:/-]{0,199}$/i;

/** Which data key a message was encrypted with. */
export interface DataKeyName {
  readonly bindingId: string;
  readonly version: number;
}

/** For whom and for what a message is. */
export interface MessageUse {
  readonly tenantId: string;
  readonly purpose: string;
}

/** @throws BulkheadError `key_purpose_invalid` (500): a purpose is chosen by the service and never by its caller. */
export function checkedPurpose(purpose: string): string {
  if (PURPOSE.test(purpose)) return purpose;
  throw new BulkheadError({
    code: 'key_purpose_invalid',
    status: 500,
    publicMessage: 'The purpose of an encryption is malformed.',
    remediation: 'Name what the message is, such as "patient.ssn": 1 to 200 letters, digits and _ . : / - characters.',
  });
}

/**
 * Encrypts under a data key.
 * @param key 32 bytes.
 * @param nonce for known-answer tests only; random otherwise (SP 800-38D, section 8.2.2).
 */
export function sealMessage(
  name: DataKeyName,
  key: Uint8Array,
  use: MessageUse,
  plaintext: Uint8Array,
  nonce: Uint8Array = randomBytes(NONCE),
): Buffer {
  const header = headerOf(name);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated(header, use));
  return Buffer.concat([header, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** @throws BulkheadError `tenant_message_unreadable` (422) when it is no such message. */
export function keyNameOf(message: Uint8Array): DataKeyName {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (bytes.length < HEADER + NONCE + TAG || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw unreadable();
  return { bindingId: `bnd_${bytes.toString('hex', 4, 20)}`, version: bytes.readUInt32BE(20) };
}

/** @throws BulkheadError `tenant_message_unreadable` (422): changed, for another tenant or purpose, or under another key. */
export function openMessage(key: Uint8Array, use: MessageUse, message: Uint8Array): Buffer {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const nonce = bytes.subarray(HEADER, HEADER + NONCE);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG });
  decipher.setAAD(associated(bytes.subarray(0, HEADER), use)).setAuthTag(bytes.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(HEADER + NONCE, -TAG)), decipher.final()]);
  } catch {
    throw unreadable();
  }
}

function headerOf({ bindingId, version }: DataKeyName): Buffer {
  if (!BINDING.test(bindingId)) throw new TypeError('A data key is named by its binding');
  const header = Buffer.alloc(HEADER);
  MAGIC.copy(header);
  header.write(bindingId.slice(4), 4, 'hex');
  header.writeUInt32BE(version, 20);
  return header;
}

function associated(header: Buffer, { tenantId, purpose }: MessageUse): Buffer {
  const parts = [tenantId, purpose].flatMap((text) => {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([header, ...parts]);
}

/** One error for every cause: which one it was would help nobody but an attacker. */
export function unreadable(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_message_unreadable',
    status: 422,
    publicMessage: 'The encrypted data cannot be read.',
    remediation: 'It was changed, or is for another tenant or purpose. Restore it from where it was stored first.',
  });
}
