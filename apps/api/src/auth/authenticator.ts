import { API_KEY_PREFIX, type ApiKeyReader, type Principal } from '@bulkhead/control';
import { BulkheadError } from '@bulkhead/kernel';
import type { OidcVerifier } from './oidc-verifier.js';

/** Turns an Authorization header into a principal: an API key (`bhk_…`) or a token of the identity provider. */
export class Authenticator {
  constructor(
    private readonly oidc: OidcVerifier,
    private readonly keys: ApiKeyReader,
  ) {}

  /** @throws BulkheadError with status 401, or 503 while tokens cannot be checked. */
  async principal(header: string | undefined): Promise<Principal> {
    const credential = /^Bearer ([\x21-\x7e]+)$/i.exec(header ?? '')?.[1];
    if (credential === undefined) throw unauthenticated('unauthenticated', 'This needs a bearer token or an API key.');
    if (!credential.startsWith(API_KEY_PREFIX)) return this.oidc.principal(credential);
    const principal = await this.keys.principal(credential);
    if (!principal) throw unauthenticated('invalid_api_key', 'The API key is unknown, expired or revoked.');
    return principal;
  }
}

function unauthenticated(code: string, publicMessage: string): BulkheadError {
  return new BulkheadError({
    code,
    status: 401,
    publicMessage,
    remediation: 'Send "Authorization: Bearer …" with a valid access token or API key.',
  });
}
