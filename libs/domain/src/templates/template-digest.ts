import { canonicalDigest } from '../canonical-digest.js';

/**
 * Identity of a template's content: `sha256:` and the hex digest of its canonical JSON (RFC 8785). Comments, key order
 * and YAML style do not change it; any value does. A published version whose digest differs is refused.
 */
export function templateDigest(body: object): string {
  return `sha256:${canonicalDigest(body)}`;
}
