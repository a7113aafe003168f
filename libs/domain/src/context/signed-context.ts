import { createHmac, timingSafeEqual } from 'node:crypto';
import { BulkheadError, type Redacted } from '@bulkhead/kernel';

/** Block of SHA-256, bytes: the length that HMAC pads its key to (RFC 2104). */
const BLOCK = 64;
const KEY_ID = /^[a-z0-9]{1,16}$/;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const MAC = /^[0-9a-f]{64}$/;
/** Decimal without sign, leading zero or room to overflow a bigint. */
const COUNT = /^[1-9][0-9]{0,15}$/;

/** Says for whom, in which database and until when statements may run. */
export interface ContextClaims {
  readonly tenantId: string;
  /** Id of the database that owns the tenant's writes: a binding (dedicated) or a cell (shared). */
  readonly home: string;
  /** Epoch of the tenant's database placement. */
  readonly epoch: number;
  /** Unix time, seconds. From this second on the context is refused. */
  readonly expiresAt: number;
}

export interface ContextKey {
  /** One to sixteen lower-case letters and digits; never used for another secret. */
  readonly id: string;
  /** At least 32 random bytes. */
  readonly secret: Redacted<Uint8Array>;
}

/** A context that was read, not verified. */
export interface ParsedContext extends ContextClaims {
  readonly keyId: string;
  /** HMAC-SHA256, hexadecimal. */
  readonly mac: string;
}

/**
 * Signs the text for the setting `bulkhead.context`:
 * `v1.<key id>.<tenant>.<home>.<epoch>.<expiry>.<mac>`, the MAC being HMAC-SHA256 (RFC 2104) over all that precedes it
 * but the last dot. Whoever has the text can act as the tenant until it expires: treat it as a password, and send it
 * to Postgres as a bound parameter only, because other sessions can read the text of statements.
 * @throws BulkheadError `invalid_context` (500) when a claim cannot be written.
 */
export function signContext(key: ContextKey, claims: ContextClaims): string {
  const { tenantId, home, epoch, expiresAt } = claims;
  const fits =
    KEY_ID.test(key.id) &&
    NAME.test(tenantId) &&
    NAME.test(home) &&
    [epoch, expiresAt].every((n) => COUNT.test(String(n)));
  if (!fits) throw invalidContext();
  const message = `v1.${key.id}.${tenantId}.${home}.${epoch}.${expiresAt}`;
  return `${message}.${macOf(key, message)}`;
}

/**
 * Reads a signed context without believing it.
 * @throws BulkheadError `invalid_context` (500), which never quotes the text.
 */
export function parseContext(text: string): ParsedContext {
  const [version, keyId = '', tenantId = '', home = '', epoch = '', expiresAt = '', mac = '', ...rest] =
    text.split('.');
  const fits =
    version === 'v1' &&
    rest.length === 0 &&
    KEY_ID.test(keyId) &&
    NAME.test(tenantId) &&
    NAME.test(home) &&
    COUNT.test(epoch) &&
    COUNT.test(expiresAt) &&
    MAC.test(mac);
  if (!fits) throw invalidContext();
  return { keyId, tenantId, home, epoch: Number(epoch), expiresAt: Number(expiresAt), mac };
}

/** Tells whether the context was signed with this key and has not expired at `now` (milliseconds). */
export function isSignedContext(key: ContextKey, text: string, now: number): boolean {
  const { keyId, expiresAt, mac } = parseContext(text);
  if (keyId !== key.id || expiresAt * 1000 <= now) return false;
  const expected = macOf(key, text.slice(0, -(mac.length + 1)));
  return timingSafeEqual(Buffer.from(mac, 'hex'), Buffer.from(expected, 'hex'));
}

/**
 * What a tenant database keeps of a key, the arguments of `bulkhead.set_context_key`: the key XORed with the inner and
 * the outer pad of RFC 2104. As secret as the key itself.
 * @throws BulkheadError `invalid_context_key` (500) for a secret under 32 or over 64 bytes.
 */
export function contextKeyPads(key: ContextKey): { readonly inner: Buffer; readonly outer: Buffer } {
  const secret = key.secret.reveal();
  if (!KEY_ID.test(key.id) || secret.length < 32 || secret.length > BLOCK) {
    throw new BulkheadError({
      code: 'invalid_context_key',
      status: 500,
      publicMessage: 'A key for signed contexts is not usable.',
      remediation: 'Give it an id of 1 to 16 lower-case letters and digits and 32 to 64 random bytes.',
    });
  }
  const padded = Buffer.alloc(BLOCK);
  padded.set(secret);
  return { inner: padded.map((byte) => byte ^ 0x36) as Buffer, outer: padded.map((byte) => byte ^ 0x5c) as Buffer };
}

function macOf(key: ContextKey, message: string): string {
  return createHmac('sha256', key.secret.reveal()).update(message).digest('hex');
}

function invalidContext(): BulkheadError {
  return new BulkheadError({
    code: 'invalid_context',
    status: 500,
    publicMessage: 'A signed tenant context is malformed.',
    remediation: 'Use the context as the token service issued it, whole and unchanged.',
  });
}
