import { ROLES, type Principal, type Role } from '@bulkhead/control';
import { BulkheadError, isSafeAddress } from '@bulkhead/kernel';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';

/** Signatures only: `none` and the shared-secret algorithms are not among them. */
const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 5;
const TIMEOUT_MS = 5000;

/** The worker's own identity never arrives over HTTP, whatever a token claims. */
const CLAIMABLE: readonly Role[] = ROLES.filter((role) => role !== 'workload');

/** Verifies access tokens of one OpenID Connect issuer. Its keys are fetched when first needed and then kept. */
export class OidcVerifier {
  #keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(
    private readonly issuer: string,
    private readonly audience: string,
  ) {}

  /**
   * @throws BulkheadError `token_expired` or `invalid_token` (401), `identity_provider_unavailable` (503).
   */
  async principal(token: string): Promise<Principal> {
    const { sub, roles } = await this.#verify(token);
    if (typeof sub !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(sub))
      throw this.#refusal('invalid_token', 'The token names no subject.');
    const claimed: readonly unknown[] = Array.isArray(roles) ? roles : [];
    return { kind: 'user', id: sub, roles: CLAIMABLE.filter((role) => claimed.includes(role)) };
  }

  async #verify(token: string): Promise<JWTPayload> {
    const keys = await this.#discovered();
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: this.issuer,
        audience: this.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw this.#refusal('token_expired', 'The token has expired.');
      const refused =
        error instanceof errors.JOSEError &&
        !(error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid);
      if (refused && error.code !== 'ERR_JOSE_GENERIC')
        throw this.#refusal('invalid_token', 'The token is not valid here.');
      throw unavailable(error);
    }
  }

  #discovered(): Promise<JWTVerifyGetKey> {
    this.#keys ??= discoverKeys(this.issuer).catch((error: unknown) => {
      // Forgotten, so that the next request tries again.
      this.#keys = undefined;
      throw unavailable(error);
    });
    return this.#keys;
  }

  #refusal(code: string, publicMessage: string): BulkheadError {
    return new BulkheadError({
      code,
      status: 401,
      publicMessage,
      remediation: `Get an access token for audience ${this.audience} from ${this.issuer}, or use an API key.`,
    });
  }
}

/** OpenID Connect Discovery 1.0, section 4: the document must name the very issuer that was asked. */
async function discoverKeys(issuer: string): Promise<JWTVerifyGetKey> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const answer = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`Discovery answered ${answer.status}`);
  const document = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (document.issuer !== issuer) throw new Error('The discovery document names another issuer');
  if (typeof document.jwks_uri !== 'string' || !isSafeAddress(document.jwks_uri))
    throw new Error('The address of the keys is not usable');
  return createRemoteJWKSet(new URL(document.jwks_uri), { timeoutDuration: TIMEOUT_MS });
}

function unavailable(cause: unknown): BulkheadError {
  return new BulkheadError({
    code: 'identity_provider_unavailable',
    status: 503,
    retryable: true,
    publicMessage: 'The identity provider does not answer, so the token cannot be checked.',
    remediation: 'Try again in a moment. If it lasts, check BULKHEAD_OIDC_ISSUER and the identity provider.',
    cause,
  });
}
