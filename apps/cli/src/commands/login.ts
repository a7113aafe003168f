import { BulkheadApiError } from '@bulkhead/client';
import { Command } from 'commander';
import type { CommandMaker } from '../command.js';
import { contextName, ContextStore, type Contexts, type Credential } from '../contexts/context-store.js';
import { signInByDevice } from '../contexts/device-sign-in.js';
import { readSecret } from '../contexts/read-secret.js';
import { revoke } from '../contexts/signed-in.js';
import type { CommonOptions, Session } from '../session.js';
import { hasTerminal, isCi } from '../terminal.js';
import { usageError } from '../usage-error.js';
import { timeoutOption } from './wait.js';

const API_KEY_PREFIX = 'bhk_';
/** Who the command line is at the identity provider, unless --client-id says otherwise. */
const CLIENT_ID = 'bulkhead-cli';
const SCOPE = 'openid offline_access';

interface LoginOptions {
  readonly token?: boolean;
  readonly secretStdin?: boolean;
  readonly issuer?: string;
  readonly clientId?: string;
  readonly scope: string;
  readonly audience?: string;
  readonly timeout?: number;
}

const AFTERWARDS = `
Examples:
  bulkhead login --url https://bulkhead.example.com                 a person, in a browser on any device
  bulkhead login                                                    again, at the current context's address
  bulkhead login --url https://bulkhead.example.com --token         asks for an access token or an API key
  bulkhead login --url https://bulkhead.example.com --secret-stdin < key.txt
  bulkhead login --url https://bulkhead.example.com --client-id ci --secret-stdin < secret.txt

A secret makes --client-id sign in as itself, by client credentials. Without --secret-stdin it is taken from
BULKHEAD_CLIENT_SECRET, and a token or API key from BULKHEAD_TOKEN or BULKHEAD_API_KEY.
`;

export function login(maker: CommandMaker): Command {
  return new Command('login')
    .description('Sign in, and keep address and credential as a context once the API has accepted them.')
    .option('--token', 'keep an access token or an API key, instead of signing in with a browser')
    .option('--secret-stdin', 'read the token, API key or client secret from stdin')
    .option('--issuer <address>', 'identity provider; the API says which by default')
    .option('--client-id <id>', `client at the identity provider (default: ${CLIENT_ID})`)
    .option('--scope <scopes>', 'what is asked of the identity provider', SCOPE)
    .option('--audience <name>', 'the API’s name, for identity providers that want it as a parameter')
    .addOption(timeoutOption())
    .addHelpText('after', AFTERWARDS)
    .action(maker.does<LoginOptions>(signIn));
}

async function signIn(session: Session, options: LoginOptions & CommonOptions): Promise<void> {
  const store = new ContextStore(session.terminal);
  const { url, name } = target(session, options, store.read());
  const credential = await credentialFrom(session, options, url);
  const { baseUrl, hasRole } = await tryOut(session, url, credential).catch(async (error: unknown) => {
    await revoke(credential);
    throw error;
  });
  const previous = await store.exclusively(() => {
    const contexts = store.read();
    const { credential: replaced } = contexts.named.get(name) ?? {};
    contexts.named.set(name, { url: baseUrl, credential });
    store.write({ ...contexts, current: name });
    return replaced;
  });
  // Nobody could sign out of it any more.
  await revoke(previous);
  session.note(`Signed in to ${baseUrl}; context ${name} is now the current one.`);
  if (credential.kind === 'signed-in' && credential.refreshToken === undefined)
    session.note(`The identity provider gives no refresh token: this ends at ${credential.expiresAt}.`);
  if (!hasRole)
    session.note('This credential has no role yet, so it may do nothing. A platform admin can give it one.');
}

/** Where to sign in, and under which name it is kept. Without an address: again where the context is. */
function target(
  { terminal }: Session,
  options: CommonOptions,
  { current, named }: Contexts,
): { url: string; name: string } {
  // A context that is named says more than a variable, which may be there for another installation.
  const chosen = options.context === undefined ? undefined : named.get(options.context);
  const given = options.url ?? chosen?.url ?? (terminal.env.BULKHEAD_URL || undefined);
  const name = contextName(options.context ?? (given === undefined ? current : undefined) ?? 'default');
  const url = given ?? named.get(name)?.url;
  if (url === undefined) throw usageError('no_address', 'The address of the API is missing.', 'Add --url <address>.');
  return { url, name };
}

async function credentialFrom(session: Session, options: LoginOptions, url: string): Promise<Credential> {
  const { env } = session.terminal;
  const { token, secretStdin: stdin = false, clientId } = options;
  if (clientId !== undefined && (stdin || env.BULKHEAD_CLIENT_SECRET)) {
    const variables = ['BULKHEAD_CLIENT_SECRET'];
    const clientSecret = await readSecret(session, { what: 'client secret', stdin, variables });
    return { kind: 'client-credentials', issuer: await issuerFor(session, options, url), clientId, clientSecret };
  }
  const variables = ['BULKHEAD_TOKEN', 'BULKHEAD_API_KEY'];
  if (token || stdin || variables.some((name) => env[name])) {
    if (options.issuer !== undefined) {
      const message = 'A client secret needs --client-id, and a token or an API key no --issuer.';
      throw usageError('incomplete_sign_in', message, 'Add --client-id, or leave --issuer out.');
    }
    const secret = await readSecret(session, { what: 'access token or API key', stdin, variables });
    return secret.startsWith(API_KEY_PREFIX) ? { kind: 'api-key', key: secret } : { kind: 'token', token: secret };
  }
  return await inBrowser(session, options, url);
}

async function inBrowser(session: Session, options: LoginOptions & { input?: boolean }, url: string) {
  const why = whyNobody(session, options);
  if (why !== undefined) {
    const remediation =
      'Set BULKHEAD_URL and BULKHEAD_TOKEN or BULKHEAD_API_KEY; no login is needed then. To keep one: --secret-stdin.';
    throw usageError('no_input', `Signing in with a browser needs a person, and ${why}.`, remediation);
  }
  const { clientId = CLIENT_ID, scope, audience, timeout: timeoutMs } = options;
  const issuer = await issuerFor(session, options, url);
  return await signInByDevice(session, { issuer, clientId, scope, audience, timeoutMs });
}

/** Why there is nobody who could enter a code; undefined when there may be. */
function whyNobody({ terminal }: Session, { input }: { input?: boolean }): string | undefined {
  if (input === false) return '--no-input was given';
  if (isCi(terminal)) return 'CI is set';
  return hasTerminal(terminal) ? undefined : 'there is no terminal';
}

/** @throws BulkheadError `no_issuer` */
async function issuerFor(session: Session, { issuer }: LoginOptions, url: string): Promise<string> {
  const found = issuer ?? (await session.connect({ url, credential: undefined }).getIdentityProvider());
  if (found !== undefined) return found;
  const message = `The API at ${url} does not say which identity provider it trusts.`;
  throw usageError('no_issuer', message, 'Name it with --issuer, or sign in with --token.');
}

/** Asks for what every role may see. @throws BulkheadError when the credential is not accepted. */
async function tryOut(
  session: Session,
  url: string,
  credential: Credential,
): Promise<{ baseUrl: string; hasRole: boolean }> {
  const client = session.connect({ url, credential });
  try {
    await client.listTiers();
    return { baseUrl: client.baseUrl, hasRole: true };
  } catch (error) {
    if (error instanceof BulkheadApiError && error.status === 403) return { baseUrl: client.baseUrl, hasRole: false };
    throw error;
  }
}
