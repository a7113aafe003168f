import { SUBJECT_KINDS, TENANT_TOKEN_ALGORITHM, TENANT_TOKEN_TYPE, parseContext } from '@bulkhead/domain/context';
import { BulkheadError, Redacted } from '@bulkhead/kernel';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import type { TenantContext } from './tenant-context.js';

/** What a revocation list is asked about. */
export interface IssuedToken {
  readonly id: string;
  readonly tenantId: string;
  readonly subject: string;
  /** Unix time, seconds. */
  readonly issuedAt: number;
}

export interface TenantTokensOptions {
  readonly issuer: string;
  /** Name of this service. A token for another audience is refused. */
  readonly audience: string;
  /** Address of the token service's JWKS, fetched each minute and when an unknown key id appears, or the key set itself. */
  readonly keys: URL | JSONWebKeySet;
  /** Longest life that a token may have been given, seconds. Defaults to 15 minutes. */
  readonly maxLifetimeSeconds?: number;
  /** Whether the token was revoked. Asked for every token; when it throws, the token is not accepted. */
  readonly isRevoked: (token: IssuedToken) => boolean | Promise<boolean>;
}

const MAX_LIFETIME_SECONDS = 15 * 60;
/** How far the clocks may differ, seconds. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** How long a key that was withdrawn is still accepted, milliseconds; jose itself would keep it for ten minutes. */
const KEYS_MAX_AGE_MS = 60_000;

/** Turns tenant-scoped tokens into contexts. */
export class TenantTokens {
  readonly #options: TenantTokensOptions;
  readonly #keys: JWTVerifyGetKey;

  constructor(options: TenantTokensOptions) {
    this.#options = options;
    this.#keys =
      options.keys instanceof URL
        ? createRemoteJWKSet(options.keys, { cacheMaxAge: KEYS_MAX_AGE_MS })
        : createLocalJWKSet(options.keys);
  }

  /**
   * Verifies signature (ES256 only), type, issuer, audience, times and revocation.
   * @param token compact JWT, without "Bearer".
   * @throws BulkheadError `tenant_token_invalid`, `tenant_token_expired` or `tenant_token_revoked` (401), none of which
   * quotes the token; `tenant_token_unverifiable` (503) when keys or revocation list cannot be reached.
   */
  async verify(token: string): Promise<TenantContext> {
    const claims = await this.#claims(token);
    const context = contextOf(claims, token);
    const { iat = 0, exp = 0 } = claims;
    if (exp - iat > (this.#options.maxLifetimeSeconds ?? MAX_LIFETIME_SECONDS)) throw invalid();
    const issued = { id: context.tokenId, tenantId: context.tenantId, subject: context.subject.id, issuedAt: iat };
    if (await this.#isRevoked(issued)) throw refused('tenant_token_revoked', 'The token was revoked.');
    return context;
  }

  async #claims(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        algorithms: [TENANT_TOKEN_ALGORITHM],
        typ: TENANT_TOKEN_TYPE,
        issuer: this.#options.issuer,
        audience: this.#options.audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['iss', 'aud', 'sub', 'iat', 'exp', 'jti'],
        // With it jose also refuses an issue time in the future.
        maxTokenAge: this.#options.maxLifetimeSeconds ?? MAX_LIFETIME_SECONDS,
      });
      return payload;
    } catch (error) {
      // jose's errors carry the payload; none of them is passed on as a cause.
      if (error instanceof errors.JWTExpired) throw refused('tenant_token_expired', 'The token has expired.');
      if (isUnreachable(error)) throw unverifiable();
      throw invalid();
    }
  }

  async #isRevoked(issued: IssuedToken): Promise<boolean> {
    try {
      return await this.#options.isRevoked(issued);
    } catch {
      throw unverifiable();
    }
  }
}

function contextOf(claims: JWTPayload, token: string): TenantContext {
  const { sub, jti, exp, tenant, kind, roles, unit, act, context } = claims;
  const known = SUBJECT_KINDS.find((one) => one === kind);
  const actor = act === undefined ? undefined : Object(act).sub;
  const sound =
    isName(tenant) &&
    isName(sub) &&
    isName(jti) &&
    known !== undefined &&
    typeof exp === 'number' &&
    Array.isArray(roles) &&
    roles.every(isName) &&
    (unit === undefined || isName(unit)) &&
    (act === undefined || isName(actor)) &&
    (context === undefined || isContextOf(tenant, context));
  if (!sound) throw invalid();
  return Object.freeze({
    tenantId: tenant,
    subject: Object.freeze({ kind: known, id: sub }),
    ...(isName(actor) ? { actor } : {}),
    roles: Object.freeze([...roles]),
    ...(unit === undefined ? {} : { unit }),
    tokenId: jti,
    expiresAt: exp,
    token: new Redacted(token),
    ...(isName(context) ? { signedContext: new Redacted(context) } : {}),
  });
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0;
}

function isContextOf(tenantId: string, context: unknown): boolean {
  try {
    return typeof context === 'string' && parseContext(context).tenantId === tenantId;
  } catch {
    return false;
  }
}

function isUnreachable(error: unknown): boolean {
  return (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    !(error instanceof errors.JOSEError) ||
    (error.code === 'ERR_JOSE_GENERIC' && error.message.includes('JSON Web Key Set'))
  );
}

function refused(code: string, publicMessage: string): BulkheadError {
  return new BulkheadError({
    code,
    status: 401,
    publicMessage,
    remediation: 'Get a new token for this service from the token service and send the request again.',
  });
}

function invalid(): BulkheadError {
  return refused('tenant_token_invalid', 'The token is not valid for this service.');
}

function unverifiable(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_token_unverifiable',
    status: 503,
    publicMessage: 'The token cannot be verified now.',
    remediation: 'Send the request again in a moment.',
    retryable: true,
  });
}
