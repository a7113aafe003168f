import { BulkheadError } from '@bulkhead/kernel';
import { z } from 'zod';
import type { Credential } from './context-store.js';

type ClientCredentials = Extract<Credential, { kind: 'client-credentials' }>;

const TIMEOUT_MS = 10_000;
/** A token is used no longer than until this many milliseconds before its end. */
const MARGIN_MS = 30_000;
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])$/;

const discovery = z.object({ issuer: z.string(), token_endpoint: z.string() });
const grant = z.object({ access_token: z.string().min(1), expires_in: z.number().positive().default(300) });

/**
 * Gives access tokens by the client credentials grant (RFC 6749, section 4.4), from the token endpoint that the issuer's
 * discovery document names. A token is kept in memory until shortly before its end.
 * @throws BulkheadError `sign_in_refused` (401) or `identity_provider_unusable` (503).
 */
export function clientCredentialsToken(credentials: ClientCredentials): () => Promise<string> {
  let kept: { readonly token: string; readonly until: number } | undefined;
  return async () => {
    if (kept && kept.until > Date.now()) return kept.token;
    const { access_token: token, expires_in: seconds } = await requestToken(credentials);
    kept = { token, until: Date.now() + Math.max(0, seconds * 1000 - MARGIN_MS) };
    return token;
  };
}

async function requestToken({ issuer, clientId, clientSecret }: ClientCredentials): Promise<z.infer<typeof grant>> {
  const { token_endpoint: endpoint, ...document } = await json(
    discovery,
    issuer,
    `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`,
  );
  if (document.issuer !== issuer) throw unusable(issuer, `its discovery document is of ${document.issuer}`);
  // RFC 6749, section 2.3.1: both are form-encoded before they are joined.
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  return await json(grant, issuer, endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
}

async function json<T>(schema: z.ZodType<T>, issuer: string, address: string, init: RequestInit = {}): Promise<T> {
  if (!isSafe(address)) throw unusable(issuer, 'it is not an https address (http is taken on loopback only)');
  const answer = await fetch(address, { ...init, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (error: unknown) => {
      throw unusable(issuer, 'it does not answer', error);
    },
  );
  if (init.method === 'POST' && (answer.status === 400 || answer.status === 401)) throw refused(issuer);
  const parsed = schema.safeParse(answer.ok ? await answer.json().catch(() => undefined) : undefined);
  if (!parsed.success) throw unusable(issuer, `${new URL(address).pathname} answered something else than expected`);
  return parsed.data;
}

function isSafe(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

function refused(issuer: string): BulkheadError {
  return new BulkheadError({
    code: 'sign_in_refused',
    status: 401,
    publicMessage: `The identity provider at ${issuer} does not accept these client credentials.`,
    remediation: 'Check the client id and its secret, and whether the client may use the client credentials grant.',
  });
}

function unusable(issuer: string, why: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'identity_provider_unusable',
    status: 503,
    publicMessage: `The identity provider at ${issuer} cannot be used: ${why}.`,
    remediation: 'Check --issuer: it is the address that the discovery document names as its issuer.',
    cause,
  });
}
