import { randomUUID } from 'node:crypto';
import {
  REVOCATION_SECONDS,
  signContext,
  TENANT_TOKEN_ALGORITHM,
  TENANT_TOKEN_TYPE,
  type TenantTokenClaims,
} from '@bulkhead/domain/context';
import { BulkheadError, isId, newId, Redacted, type TenantId } from '@bulkhead/kernel';
import { ContextKeyEntity, loadTenant, TokenRevocationEntity } from '@bulkhead/store';
import { createLocalJWKSet, errors, jwtVerify, SignJWT, type JSONWebKeySet, type JWTPayload } from 'jose';
import { MoreThan, type DataSource } from 'typeorm';
import type { Call, CommandGate, Role } from '../../gate/index.js';
import { ExchangeContext, type VerifiedToken } from './exchange-context.js';
import { IssueTenantToken, type IssueTenantTokenBody, type TokenGrant } from './issue-tenant-token.js';
import type { Signer, SigningKeys } from './signing-keys.js';
import type { Place } from './token-grant.js';
import { POLL_SECONDS, revocationOf, type TokenRevocationList } from './token-revocation-view.js';
import type { TokenVault } from './token-vault.js';

/** A token or context that was made, or null for the answer to a repetition: it was given once and never kept. */
export type Given<T> = T & { readonly secret: Redacted | null };

/** Whether the caller may have tokens as the isolation proof, and as nothing else. */
function provesOnly({ principal: { roles } }: Call): boolean {
  const others: readonly Role[] = ['platform-admin', 'tenancy-issuer', 'tenancy-worker'];
  return !roles.some((role) => others.includes(role));
}

/** A service that works by itself gets tokens for itself, unless it is also somebody who may have them for others. */
function onlyServiceOf({ principal: { id, roles } }: Call): string | null {
  const forAnybody = roles.some((role) => role === 'platform-admin' || role === 'tenancy-issuer');
  return !forAnybody && roles.includes('tenancy-worker') ? id : null;
}

/** Makes tokens and contexts of what the gate has granted. Lives where the vault is: in the API process. */
export class TokenService {
  constructor(
    private readonly source: DataSource,
    private readonly gate: CommandGate,
    private readonly vault: TokenVault,
    private readonly keys: SigningKeys,
    private readonly issuer: string,
  ) {}

  async issue(tenantId: TenantId, body: IssueTenantTokenBody, call: Call): Promise<Given<TokenGrant>> {
    // First: nothing may be granted, and said in the audit log, that could then not be signed.
    const signer = await this.keys.signer();
    const tokenId = newId('token');
    const grant = await this.gate.execute(
      new IssueTenantToken({
        ...body,
        tenantId,
        tokenId: new Redacted(tokenId),
        onlyService: onlyServiceOf(call),
        probesOnly: provesOnly(call),
      }),
      call,
    );
    if (grant.tokenId !== tokenId) return { ...grant, secret: null };
    return { ...grant, secret: new Redacted(await this.#token(grant, body, signer)) };
  }

  /** Gives the holder of a token a context for where the tenant is now; it ends with the token. */
  async exchange(tenantId: TenantId, token: string, call: Call): Promise<Given<Place & { expiresAt: number }>> {
    const verified = await this.#verify(tenantId, token);
    const attempt = randomUUID();
    const grant = await this.gate.execute(
      new ExchangeContext({ token: verified, attempt: new Redacted(attempt) }),
      call,
    );
    const { home, epoch, contextKeyId } = grant;
    const { expiresAt } = verified;
    const fresh = grant.attempt === attempt;
    const secret = fresh ? new Redacted(await this.#context(tenantId, grant, expiresAt)) : null;
    return { home, epoch, contextKeyId, expiresAt, secret };
  }

  /** Revocations that can still mean a valid token. */
  async revocations(): Promise<TokenRevocationList> {
    const rows = await this.source.manager.find(TokenRevocationEntity, {
      where: { listedUntil: MoreThan(new Date()) },
      order: { id: 'ASC' },
    });
    return { data: rows.map(revocationOf), pollSeconds: POLL_SECONDS, staleSeconds: REVOCATION_SECONDS };
  }

  async #token(grant: TokenGrant, body: IssueTenantTokenBody, signer: Signer): Promise<string> {
    const { tenantId, tokenId, issuedAt, expiresAt, place } = grant;
    const { audience, subject, roles, unit, actor } = body;
    const claims: TenantTokenClaims = {
      tenant: tenantId,
      kind: subject.kind,
      roles,
      ...(unit !== undefined && { unit }),
      ...(actor !== undefined && { act: { sub: actor } }),
      ...(place && { context: await this.#context(tenantId, place, expiresAt) }),
    };
    return new SignJWT({ ...claims })
      .setProtectedHeader({ alg: TENANT_TOKEN_ALGORITHM, typ: TENANT_TOKEN_TYPE, kid: signer.id })
      .setIssuer(this.issuer)
      .setAudience(audience)
      .setSubject(subject.id)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .setJti(tokenId)
      .sign(signer.key);
  }

  async #context(tenantId: TenantId, { home, epoch, contextKeyId }: Place, expiresAt: number): Promise<string> {
    const row = await this.source.manager.findOneByOrFail(ContextKeyEntity, { home, id: contextKeyId });
    return signContext(this.vault.openContextKey(row), { tenantId, home, epoch, expiresAt });
  }

  /** Any audience will do: the token shows who its holder works for, and the place is the same for all of them. */
  async #verify(tenantId: TenantId, token: string): Promise<VerifiedToken> {
    await loadTenant(this.source.manager, tenantId);
    const published: JSONWebKeySet = { keys: await this.keys.published() };
    let claims: JWTPayload;
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet(published), {
        algorithms: [TENANT_TOKEN_ALGORITHM],
        typ: TENANT_TOKEN_TYPE,
        issuer: this.issuer,
        requiredClaims: ['aud', 'sub', 'iat', 'exp', 'jti'],
      });
      claims = payload;
    } catch (error) {
      // jose's errors carry the payload; none of them is passed on as a cause.
      if (error instanceof errors.JOSEError) throw notOurs();
      throw error;
    }
    const { sub = '', jti = '', iat = 0, exp = 0, tenant, context } = claims;
    if (tenant !== tenantId || typeof context !== 'string' || !isId('token', jti)) throw notOurs();
    return { tenantId, id: jti, subject: sub, issuedAt: iat, expiresAt: exp };
  }
}

function notOurs(): BulkheadError {
  const message = 'The token is not a valid token with a database context for this tenant.';
  return new BulkheadError({
    code: 'tenant_token_invalid',
    status: 422,
    publicMessage: message,
    remediation: 'Get a new token, with a database context, from the identity service.',
    errors: [{ pointer: '/token', message }],
  });
}
