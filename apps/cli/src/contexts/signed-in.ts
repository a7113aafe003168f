import { BulkheadError } from '@bulkhead/kernel';
import { refreshTokenGrant, ResponseBodyError, tokenRevocation, type TokenEndpointResponse } from 'openid-client';
import { findContext, type ContextStore, type Credential, type SignedIn } from './context-store.js';
import { asked, openProvider } from './identity-provider.js';

/** A token is renewed this many milliseconds before its end. */
const MARGIN_MS = 30_000;
/** For providers that do not say how long a token lasts. */
const USUAL_SECONDS = 300;

/** What is kept of a token answer. A provider that renews without a new refresh token lets the old one stand. */
export function tokensOf(
  answer: TokenEndpointResponse,
  refreshToken?: string,
): Pick<SignedIn, 'accessToken' | 'expiresAt' | 'refreshToken'> {
  const until = Date.now() + (answer.expires_in ?? USUAL_SECONDS) * 1000;
  const renewal = answer.refresh_token ?? refreshToken;
  return {
    accessToken: answer.access_token,
    expiresAt: new Date(until).toISOString(),
    ...(renewal !== undefined && { refreshToken: renewal }),
  };
}

/**
 * Gives the access token of somebody who signed in, renewed in time and kept in the context again.
 * @throws BulkheadError `sign_in_ended` (401) when it cannot be renewed any more.
 */
export function signedInToken(store: ContextStore, name: string, credential: SignedIn): () => Promise<string> {
  let kept = credential;
  return async () => {
    if (!isFresh(kept)) kept = await renewed(store, name);
    return kept.accessToken;
  };
}

/** Only one process at a time: a refresh token that is used twice ends the whole sign-in at careful providers. */
async function renewed(store: ContextStore, name: string): Promise<SignedIn> {
  return await store.exclusively(async () => {
    const contexts = store.read();
    const context = findContext(contexts, name);
    const { credential } = context;
    if (credential?.kind !== 'signed-in') throw ended(name);
    // Another process was faster.
    if (isFresh(credential)) return credential;
    const fresh = { ...credential, ...(await renew(name, credential)) };
    contexts.named.set(name, { ...context, credential: fresh });
    store.write(contexts);
    return fresh;
  });
}

async function renew(name: string, credential: SignedIn): Promise<ReturnType<typeof tokensOf>> {
  const { issuer, refreshToken } = credential;
  if (refreshToken === undefined) throw ended(name);
  const provider = await openProvider(credential);
  const answer = refreshTokenGrant(provider, refreshToken).catch((error: unknown) => {
    throw error instanceof ResponseBodyError && error.error === 'invalid_grant' ? ended(name, error) : error;
  });
  return tokensOf(await asked(issuer, answer), refreshToken);
}

function isFresh({ expiresAt }: SignedIn): boolean {
  return Date.parse(expiresAt) - MARGIN_MS > Date.now();
}

function ended(name: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'sign_in_ended',
    status: 401,
    publicMessage: `The sign-in of context ${name} has ended.`,
    remediation: `Sign in again: bulkhead login --context ${name}`,
    cause,
  });
}

/**
 * Tells the provider that the tokens are not needed any more (RFC 7009); other credentials nobody can take back.
 * @returns whether they are certainly worth nothing now.
 */
export async function revoke(credential: Credential | undefined): Promise<boolean> {
  if (credential?.kind !== 'signed-in') return true;
  try {
    const provider = await openProvider(credential);
    if (provider.serverMetadata().revocation_endpoint === undefined) return false;
    await asked(credential.issuer, tokenRevocation(provider, credential.refreshToken ?? credential.accessToken));
    return true;
  } catch {
    return false;
  }
}
