import { createHash, randomBytes } from 'node:crypto';
import { Redacted } from '@bulkhead/kernel';

/** 256 random bits: nobody finds such a link by trying. */
const SECRET = /^[\w-]{43}$/;

export interface StatusLink {
  readonly path: string;
  readonly digest: Redacted<Buffer>;
}

/** Makes a customer's link. Only its digest is stored, so the database does not give it away. */
export function makeStatusLink(): StatusLink {
  const secret = randomBytes(32).toString('base64url');
  return { path: `/status/${secret}`, digest: new Redacted(digestOfSecret(secret)) };
}

/** Digest by which a link's secret is looked up; undefined for what cannot be one. */
export function readStatusSecret(text: string): Buffer | undefined {
  return SECRET.test(text) ? digestOfSecret(text) : undefined;
}

function digestOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
