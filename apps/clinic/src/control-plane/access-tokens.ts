import { BulkheadError, type Redacted } from '@bulkhead/kernel';
import { allowInsecureRequests, ClientSecretBasic, clientCredentialsGrant, discovery } from 'openid-client';

export interface ServiceIdentity {
  /** Issuer of the control plane's identity provider (OpenID Connect): https, or http on loopback. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Redacted;
}

/** Renewed so long before it ends, milliseconds. */
const MARGIN_MS = 60_000;
const TIMEOUT_SECONDS = 5;

/** The service's own access token for the control plane (client credentials grant, RFC 6749 section 4.4). */
export class AccessTokens {
  #token: { readonly text: string; readonly until: number } | undefined;

  constructor(private readonly identity: ServiceIdentity) {}

  /** @throws BulkheadError `identity_unavailable` (503). */
  async current(): Promise<string> {
    if (this.#token === undefined || this.#token.until < Date.now()) this.#token = await this.#renewed();
    return this.#token.text;
  }

  async #renewed(): Promise<{ text: string; until: number }> {
    const { issuer, clientId, clientSecret } = this.identity;
    try {
      const provider = await discovery(new URL(issuer), clientId, undefined, ClientSecretBasic(clientSecret.reveal()), {
        timeout: TIMEOUT_SECONDS,
        ...(issuer.startsWith('http:') && { execute: [allowInsecureRequests] }),
      });
      const granted = await clientCredentialsGrant(provider);
      return { text: granted.access_token, until: endOf(granted.expires_in) };
    } catch (cause) {
      throw new BulkheadError({
        code: 'identity_unavailable',
        status: 503,
        retryable: true,
        publicMessage: 'The service cannot prove who it is at the moment.',
        remediation: 'Send the request again in a moment.',
        cause,
      });
    }
  }
}

/** When to renew, milliseconds since 1970. A token that does not say when it ends would be used for ever. */
function endOf(seconds: number | undefined): number {
  if (seconds === undefined || seconds <= 0)
    throw new Error('The identity provider did not say for how many seconds its token is good');
  return Date.now() + seconds * 1000 - MARGIN_MS;
}
