import { BulkheadError, type Redacted } from '@bulkhead/kernel';

export interface ServiceIdentity {
  /** Issuer of the control plane's identity provider (OpenID Connect). */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Redacted;
}

/** Renewed so long before it ends, milliseconds. */
const MARGIN_MS = 60_000;
const TIMEOUT_MS = 5_000;

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
      const configuration = await this.#json<{ token_endpoint: string }>(`${issuer}/.well-known/openid-configuration`);
      const basic = Buffer.from(`${clientId}:${clientSecret.reveal()}`).toString('base64');
      const answer = await this.#json<{ access_token: string; expires_in?: unknown }>(configuration.token_endpoint, {
        method: 'POST',
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      return { text: answer.access_token, until: endOf(answer.expires_in) };
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

  async #json<T>(url: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`The identity provider answered ${response.status}`);
    return (await response.json()) as T;
  }
}

/** When to renew, milliseconds since 1970. A token that does not say when it ends would be used for ever. */
function endOf(seconds: unknown): number {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0)
    throw new Error('The identity provider did not say for how many seconds its token is good');
  return Date.now() + seconds * 1000 - MARGIN_MS;
}
