import type { Hash } from './merkle-hash.js';
import { createNoteSigner, fromBase64, NoteError, openNote } from './signed-note.js';

// Checkpoints: https://c2sp.org/tlog-checkpoint

/** What a log says about itself at one moment: this many leaves, this root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

export interface CheckpointSigner {
  readonly origin: string;
  /** Verifier key `<origin>+<hash>+<base64>`, to be handed to whoever checks the log. */
  readonly publicKey: string;
  /** The signed note. Ed25519 is deterministic: the same size and root always give the same bytes. */
  sign(size: number, root: Hash): string;
}

/** A place outside the database where a checkpoint, once put, cannot be changed or deleted by anyone for a time. */
export interface CheckpointAnchor {
  /**
   * Puts bytes under a name; putting the same bytes again is harmless.
   * @returns a reference by which an auditor finds them.
   * @throws BulkheadError `audit_anchor_conflict` when other bytes are there already.
   */
  put(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<string>;
}

/**
 * @param pem Ed25519 private key, PKCS #8 in PEM.
 * @param origin identity of the log, and the name of its key: a URL without scheme, such as `bulkhead.example/audit`.
 */
export function createCheckpointSigner(pem: string, origin: string): CheckpointSigner {
  const signer = createNoteSigner(pem, origin);
  return {
    origin,
    publicKey: signer.publicKey,
    sign: (size, root) => signer.sign(`${origin}\n${size}\n${root.toString('base64')}\n`),
  };
}

/**
 * Checks a checkpoint's signature and reads it.
 * @param publicKeys trusted verifier keys; one of them must have signed.
 * @throws NoteError.
 */
export function openCheckpoint(note: string, publicKeys: readonly string[]): Checkpoint & { publicKey: string } {
  const { text, publicKey } = openNote(note, publicKeys);
  const [origin = '', size = '', root = '', ...extensions] = text.slice(0, -1).split('\n');
  const hash = fromBase64(root);
  const wellFormed = origin !== '' && /^(0|[1-9]\d{0,15})$/.test(size) && Number.isSafeInteger(Number(size));
  if (!wellFormed || hash?.length !== 32 || extensions.includes('')) {
    throw new NoteError('malformed', 'The signed note is not a checkpoint');
  }
  // A key speaks for the log that bears its name: one signer may well keep several logs.
  if (!publicKey.startsWith(`${origin}+`))
    throw new NoteError('unknown_key', `The key that signed is not that of ${origin}`);
  return { origin, size: Number(size), root: hash, publicKey };
}
