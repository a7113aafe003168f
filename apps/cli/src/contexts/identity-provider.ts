import { BulkheadError, isSafeAddress } from '@bulkhead/kernel';
import * as oidc from 'openid-client';

const TIMEOUT_SECONDS = 10;

/** A client of an identity provider; public ones have no secret. */
export interface ProviderClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
}

/** Of the errors that providers give (RFC 6749, section 5.2; RFC 8628, section 3.5), those that people can mend. */
const REFUSALS: Readonly<Record<string, string>> = {
  invalid_client: 'it does not accept this client, or not with this secret',
  unauthorized_client: 'this client may not sign in in this way',
  invalid_scope: 'it does not know what was asked for with --scope',
  invalid_grant: 'the sign-in has ended',
  access_denied: 'somebody said no',
};

/**
 * Reads an issuer's discovery document.
 * @throws BulkheadError `identity_provider_unusable` (503).
 */
export async function openProvider({ issuer, clientId, clientSecret }: ProviderClient): Promise<oidc.Configuration> {
  if (!isSafeAddress(issuer)) throw unusable(issuer, 'it is not an https address (http is taken on loopback only)');
  const authentication = clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret);
  const options: oidc.DiscoveryRequestOptions = {
    timeout: TIMEOUT_SECONDS,
    // Plain http is checked below, for every address that the document names.
    ...(issuer.startsWith('http:') && { execute: [oidc.allowInsecureRequests] }),
    [oidc.customFetch]: async (address, init) => {
      if (!isSafeAddress(address)) throw unusable(issuer, `${address} is not an https address`);
      return await fetch(address, init as RequestInit);
    },
  };
  return await asked(issuer, oidc.discovery(new URL(issuer), clientId, undefined, authentication, options));
}

/** What a provider answers. @throws BulkheadError `sign_in_refused` (401) or `identity_provider_unusable` (503). */
export async function asked<T>(issuer: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw providerError(issuer, error);
  }
}

/** Whether the provider could not be reached: asking again may help. */
export function isOutage(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return error instanceof TypeError || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_ABORT';
}

function providerError(issuer: string, error: unknown): BulkheadError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof BulkheadError) return cause;
  if (error instanceof oidc.ResponseBodyError) {
    const { error: code, error_description: description } = error;
    return refused(issuer, `${REFUSALS[code] ?? 'it says'} (${code}${description ? `: ${description}` : ''})`, error);
  }
  if (error instanceof oidc.WWWAuthenticateChallengeError) return refused(issuer, REFUSALS.invalid_client ?? '', error);
  if (isOutage(error)) return unusable(issuer, 'it does not answer', error);
  const another = (error as { code?: unknown }).code === 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED';
  return unusable(
    issuer,
    another ? 'its discovery document is of another issuer' : 'it answered something else than expected',
    error,
  );
}

export function refused(issuer: string, why: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'sign_in_refused',
    status: 401,
    publicMessage: `The identity provider at ${issuer} refused: ${why}.`,
    remediation: 'Check the client id and its secret, and what the client may do.',
    cause,
  });
}

export function unusable(issuer: string, why: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'identity_provider_unusable',
    status: 503,
    publicMessage: `The identity provider at ${issuer} cannot be used: ${why}.`,
    remediation: 'Check --issuer: it is the address that the discovery document names as its issuer.',
    cause,
  });
}
