import { BulkheadError } from '@bulkhead/kernel';

/** S3's limit for a whole key is 1,024 bytes of UTF-8; the prefix of a tenant takes 35 of them. */
const MAX_BYTES = 900;
// Control characters, DEL, and the backslash that some clients turn into a slash.
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u001f\u007f\\\ud800-\udfff]/u;

/**
 * Checks a key that a caller gave. S3 itself takes `a/../b` literally, but clients, proxies and file systems on the way
 * do not: what could be resolved to another place is no key.
 * @throws BulkheadError `object_key_invalid` (400).
 */
export function checkedKey(key: string): string {
  const segments = key.split('/');
  const sound =
    key.length > 0 &&
    Buffer.byteLength(key) <= MAX_BYTES &&
    !FORBIDDEN.test(key) &&
    segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  if (sound) return key;
  throw invalidKey();
}

/**
 * Checks the beginning of keys that a caller wants listed: like a key, but it may be empty or end with a slash.
 * @throws BulkheadError `object_key_invalid` (400).
 */
export function checkedPrefix(prefix: string): string {
  if (prefix === '') return prefix;
  checkedKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
  return prefix;
}

function invalidKey(): BulkheadError {
  return new BulkheadError({
    code: 'object_key_invalid',
    status: 400,
    publicMessage: 'The name of the object is not allowed.',
    remediation: `Use 1 to ${MAX_BYTES} bytes; no slash at either end or twice in a row, no "." or ".." between slashes, no backslash or control character.`,
  });
}
