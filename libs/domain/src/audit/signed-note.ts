import { createHash, createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

// Signed notes: https://c2sp.org/signed-note, Ed25519 only (signature type 0x01).

const ED25519 = 0x01;
const MAX_SIGNATURES = 64;
/** SubjectPublicKeyInfo of an Ed25519 key up to the key's own 32 bytes (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface NoteSigner {
  readonly name: string;
  /** Verifier key `<name>+<hash>+<base64>`: what a verifier needs to know. */
  readonly publicKey: string;
  /** Signs a text that ends in a newline and gives the whole note. */
  sign(text: string): string;
}

interface NoteVerifier {
  readonly name: string;
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** Why a note was not believed. */
export class NoteError extends Error {
  constructor(
    readonly reason: 'malformed' | 'unknown_key' | 'bad_signature',
    message: string,
  ) {
    super(message);
    this.name = 'NoteError';
  }
}

/**
 * @param pem Ed25519 private key, PKCS #8 in PEM.
 * @param name key name: no spaces, no plus sign.
 * @throws Error when the key is not one; its text is never in the message.
 */
export function createNoteSigner(pem: string, name: string): NoteSigner {
  if (!isKeyName(name))
    throw new Error('A key name must be non-empty, without spaces, control characters and plus signs');
  const privateKey = readPrivateKey(pem);
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
  const id = keyId(name, raw);
  const publicKey = `${name}+${id.toString('hex')}+${Buffer.concat([Buffer.of(ED25519), raw]).toString('base64')}`;
  return {
    name,
    publicKey,
    sign(text) {
      if (!isNoteText(text)) throw new Error('A note ends in a newline and holds no other control characters');
      const signature = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString('base64');
      return `${text}\n\u2014 ${name} ${signature}\n`;
    },
  };
}

/**
 * Checks a note against the keys that are trusted.
 * @param publicKeys verifier keys `<name>+<hash>+<base64>`.
 * @returns the note's text and the trusted key that signed it.
 * @throws NoteError when no trusted key signed it, or one's signature is wrong.
 */
export function openNote(note: string, publicKeys: readonly string[]): { text: string; publicKey: string } {
  const split = note.lastIndexOf('\n\n');
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2);
  if (split < 0 || !isNoteText(text) || !lines.endsWith('\n'))
    throw new NoteError('malformed', 'The text is not a signed note');
  const signatures = lines.slice(0, -1).split('\n').map(readSignature);
  if (signatures.length > MAX_SIGNATURES) throw new NoteError('malformed', 'The note has too many signatures');
  let signer: string | undefined;
  for (const publicKey of publicKeys) {
    const verifier = readPublicKey(publicKey);
    // Both name and id must fit: a signature that shares only one of them is a stranger's.
    for (const { name, id, signature } of signatures) {
      if (name !== verifier.name || !id.equals(verifier.id)) continue;
      if (!verify(null, Buffer.from(text), verifier.key, signature)) {
        throw new NoteError('bad_signature', `The signature of ${name} is wrong`);
      }
      signer ??= publicKey;
    }
  }
  if (signer === undefined) throw new NoteError('unknown_key', 'No trusted key signed the note');
  return { text, publicKey: signer };
}

/** @throws NoteError `malformed` when it is not an Ed25519 verifier key, or its hash does not fit. */
export function readPublicKey(publicKey: string): NoteVerifier {
  const [name = '', hash = '', ...rest] = publicKey.split('+');
  const encoded = rest.join('+');
  const key = fromBase64(encoded);
  if (isKeyName(name) && key?.length === 33 && key[0] === ED25519) {
    const id = keyId(name, key.subarray(1));
    if (id.toString('hex') === hash) {
      const spki = Buffer.concat([SPKI_PREFIX, key.subarray(1)]);
      return { name, id, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
    }
  }
  throw new NoteError('malformed', 'Not a public key of the form <name>+<hash>+<base64>');
}

function readPrivateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey({ key: pem, format: 'pem' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // OpenSSL's text says nothing that helps and might quote the input.
  }
  throw new Error('The signing key is not an Ed25519 private key in PKCS #8 PEM');
}

function readSignature(line: string): { name: string; id: Buffer; signature: Buffer } {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ');
  const bytes = fromBase64(encoded);
  if (dash !== '\u2014' || !isKeyName(name) || rest.length > 0 || !bytes || bytes.length < 5) {
    throw new NoteError('malformed', 'The note has a line that is not a signature');
  }
  return { name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

function keyId(name: string, raw: Uint8Array): Buffer {
  return createHash('sha256').update(`${name}\n`).update(Buffer.of(ED25519)).update(raw).digest().subarray(0, 4);
}

function isKeyName(name: string): boolean {
  return /^[^\s+\p{C}]+$/u.test(name);
}

function isNoteText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  return text.endsWith('\n') && text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}

/** Standard base64, only in its one canonical spelling; undefined for anything else. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
