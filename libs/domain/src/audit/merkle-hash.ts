import { createHash } from 'node:crypto';

/** A SHA-256 digest: 32 bytes. */
export type Hash = Buffer;

const LEAF = Buffer.of(0x00);
const NODE = Buffer.of(0x01);

/** Root of the tree without leaves: the digest of nothing (RFC 6962, section 2.1). */
export const EMPTY_ROOT: Hash = createHash('sha256').digest();

/** Hash of a leaf (RFC 6962, section 2.1): SHA-256 over 0x00 and the leaf's bytes. Text counts as UTF-8. */
export function leafHash(leaf: string | Uint8Array): Hash {
  return createHash('sha256').update(LEAF).update(leaf).digest();
}

/** Hash of an inner node (RFC 6962, section 2.1): SHA-256 over 0x01 and both children. */
export function nodeHash(left: Hash, right: Hash): Hash {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}
