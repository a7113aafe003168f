const MASK = '[redacted]';
const LONGEST = 600;

/** Shapes of secrets, for texts whose secrets nobody can list. */
const SHAPES: readonly RegExp[] = [
  // Credentials in a URL.
  /(?<=:\/\/)[^\s/@]+@/g,
  // AWS access keys, temporary ones included.
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g,
  /-----BEGIN [^-]+-----[\s\S]*?(?:-----END [^-]+-----|$)/g,
  // JSON web tokens.
  /\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g,
  // What names itself: password=…, "secret": "…", token: ….
  /(?<=\b\w*(?:password|passwd|passphrase|secret|token|credential|authorization)\w*["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"',;}]+/gi,
];

/**
 * Makes a text of a tool or a provider fit to be shown: known secrets and everything shaped like one are masked,
 * colour codes removed, and the length bounded.
 * @param secrets values that must not appear; short ones (under 6 characters) are ignored, they would shred the text.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  // eslint-disable-next-line no-control-regex
  let clean = text.replaceAll(/\u001B\[[0-9;]*m/g, '').replaceAll(/<\{%[^%]*%\}>/g, '');
  for (const secret of secrets) if (secret.length >= 6) clean = clean.replaceAll(secret, MASK);
  for (const shape of SHAPES) clean = clean.replaceAll(shape, MASK);
  clean = clean.trim().replaceAll(/\s+/g, ' ');
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}
