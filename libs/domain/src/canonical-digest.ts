import { createHash } from 'node:crypto';
import { canonicalJson } from './audit/audit-entry.js';

/** SHA-256 (hexadecimal) of a value's canonical JSON (RFC 8785): the order of its members changes nothing. */
export function canonicalDigest(value: object): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
