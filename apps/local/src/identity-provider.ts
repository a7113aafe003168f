import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { interactionPolicy, Provider, type ClientMetadata, type Configuration, type JWK } from 'oidc-provider';
import { CLI_CLIENT, cliClient, DEVICE_CODE_SECONDS, deviceFlow } from './identity-device.js';
import { answerLogin, LOGIN_PATH } from './identity-login.js';
import { IdentityStore } from './identity-store.js';
import { DEMO_USERS, type DemoUser, type LocalSecrets } from './local-secrets.js';
import { readJson, writePrivateFile, type StateFolder } from './state-folder.js';

/** Audience of the access tokens: the API. */
export const API_AUDIENCE = 'bulkhead-api';
// RFC 8707 wants a URI for the resource; the audience that goes into the token is the plain name.
const API_RESOURCE = 'urn:bulkhead:api';
const TOKEN_SECONDS = 3600;
/** How long the command line may renew its tokens before a person must sign in again. */
const REFRESH_SECONDS = 14 * 24 * 3600;
/** Public client for people: authorization code with PKCE, redirected to any port of the loopback interface. */
export const PUBLIC_CLIENT = 'bulkhead-console';
const LOOPBACK_ORIGIN = /^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?$/;

/** The development identity provider: OpenID Connect, discovery at `<issuer>/.well-known/openid-configuration`. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly audience: string;
  /** Client secrets of the demo users; each client id is the user's name. */
  readonly clients: Readonly<Record<DemoUser, string>>;
  /** A fresh access token of a demo user, valid for one hour (client credentials grant, RFC 6749 section 4.4). */
  token(user: DemoUser): Promise<string>;
  close(): Promise<void>;
}

function signingKey(folder: StateFolder): JWK {
  const file = folder.path('identity-signing-key.json');
  const kept = readJson(file) as JWK | undefined;
  if (kept) return kept;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const made = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' } as JWK;
  writePrivateFile(file, JSON.stringify(made));
  return made;
}

/** Roles in the tokens of a demo user. */
export function rolesOf(user: string): string[] {
  if (user === 'no-role') return [];
  // Of a person and of a service who are known by a name of their own.
  const named: Readonly<Record<string, string>> = { 'second-approver': 'approver', 'clinic-claims': 'tenancy-worker' };
  return [named[user] ?? user];
}

function clients(secrets: LocalSecrets): ClientMetadata[] {
  const machines = DEMO_USERS.map((user) => ({
    client_id: user,
    client_secret: secrets.identityClients[user],
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    id_token_signed_response_alg: 'ES256' as const,
  }));
  const people: ClientMetadata = {
    client_id: PUBLIC_CLIENT,
    // RFC 8252 section 7.3: a native client's loopback redirect may name any port.
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
    id_token_signed_response_alg: 'ES256',
  };
  return [...machines, people, cliClient];
}

const resourceIndicators: NonNullable<Configuration['features']>['resourceIndicators'] = {
  enabled: true,
  defaultResource: () => API_RESOURCE,
  useGrantedResource: () => true,
  getResourceServerInfo: () => ({
    scope: 'api',
    audience: API_AUDIENCE,
    accessTokenFormat: 'jwt',
    accessTokenTTL: TOKEN_SECONDS,
    jwt: { sign: { alg: 'ES256' } },
  }),
};

// The demo users agree to everything: no consent page, which native clients would otherwise get every time.
function loginOnly(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  return policy;
}

function configuration(folder: StateFolder, secrets: LocalSecrets): Configuration {
  return {
    adapter: IdentityStore,
    clients: clients(secrets),
    jwks: { keys: [signingKey(folder)] },
    cookies: { keys: [secrets.identityCookieKey] },
    scopes: ['openid', 'offline_access', 'api'],
    claims: { openid: ['sub', 'roles'] },
    ttl: {
      ...{ ClientCredentials: TOKEN_SECONDS, AccessToken: TOKEN_SECONDS, IdToken: TOKEN_SECONDS },
      ...{ Interaction: TOKEN_SECONDS, Session: TOKEN_SECONDS, Grant: REFRESH_SECONDS },
      ...{ DeviceCode: DEVICE_CODE_SECONDS, RefreshToken: REFRESH_SECONDS },
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: async (_context, client, token) => token.clientId === client.clientId,
      },
      ...{ deviceFlow, resourceIndicators },
    },
    // Whatever was asked for: the command line is to outlive the browser's session.
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async (_context, { clientId }) => clientId !== CLI_CLIENT,
    extraTokenClaims: (_context, token) => ({
      roles: rolesOf(('accountId' in token && token.accountId) || token.clientId || ''),
    }),
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, roles: rolesOf(id) }) }),
    interactions: { policy: loginOnly(), url: (_context, { uid }) => `${LOGIN_PATH}${uid}` },
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ accountId: oidc.session?.accountId, clientId: oidc.client?.clientId });
      grant.addOIDCScope('openid offline_access');
      grant.addResourceScope(API_RESOURCE, 'api');
      await grant.save();
      return grant;
    },
    clientBasedCORS: (_context, origin) => LOOPBACK_ORIGIN.test(origin),
  };
}

async function requestToken(issuer: string, user: DemoUser, secret: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  if (!response.ok) throw new Error(`The identity provider refused a token for ${user}: ${response.status}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

/** Starts the provider in this process. */
export async function startIdentityProvider(
  folder: StateFolder,
  options: { port: number; secrets: LocalSecrets },
): Promise<IdentityProvider> {
  const issuer = `http://127.0.0.1:${options.port}`;
  const { identityClients } = options.secrets;
  const provider = new Provider(issuer, configuration(folder, options.secrets));
  const answer = provider.callback();
  const server = createServer((request, response) => {
    if (!request.url?.startsWith(LOGIN_PATH)) void answer(request, response);
    else void answerLogin(provider, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    issuer,
    audience: API_AUDIENCE,
    clients: identityClients,
    token: async (user) => await requestToken(issuer, user, identityClients[user]),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
