import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/**
 * Identity of a template's content: `sha256:` and the hex digest of its canonical JSON (RFC 8785). Comments, key order
 * and YAML style do not change it; any value does. A published version whose digest differs is refused.
 */
export function templateDigest(body: object): string {
  const canonical = canonicalize(body);
  if (canonical === undefined) throw new TypeError('A template body must be JSON.');
  return `sha256:${createHash('sha256').update(canonical, 'utf8').digest('hex')}`;
}
