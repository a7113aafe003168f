import { clientCredentialsGrant } from 'openid-client';
import type { Credential } from './context-store.js';
import { asked, openProvider } from './identity-provider.js';

type ClientCredentials = Extract<Credential, { kind: 'client-credentials' }>;

/** A token is used no longer than until this many milliseconds before its end. */
const MARGIN_MS = 30_000;
/** For providers that do not say how long a token lasts. */
const USUAL_SECONDS = 300;

/**
 * Gives access tokens by the client credentials grant (RFC 6749, section 4.4). A token is kept in memory until shortly
 * before its end.
 * @throws BulkheadError `sign_in_refused` (401) or `identity_provider_unusable` (503).
 */
export function clientCredentialsToken(credentials: ClientCredentials): () => Promise<string> {
  let kept: { readonly token: string; readonly until: number } | undefined;
  return async () => {
    if (kept && kept.until > Date.now()) return kept.token;
    const provider = await openProvider(credentials);
    const granted = await asked(credentials.issuer, clientCredentialsGrant(provider));
    const seconds = granted.expires_in ?? USUAL_SECONDS;
    kept = { token: granted.access_token, until: Date.now() + Math.max(0, seconds * 1000 - MARGIN_MS) };
    return kept.token;
  };
}
