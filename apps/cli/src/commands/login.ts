import { BulkheadApiError } from '@bulkhead/client';
import { Command } from 'commander';
import type { CommandMaker } from '../command.js';
import { contextName, ContextStore, type Credential } from '../contexts/context-store.js';
import { readSecret } from '../contexts/read-secret.js';
import type { CommonOptions, Session } from '../session.js';
import { usageError } from '../usage-error.js';

const API_KEY_PREFIX = 'bhk_';

interface LoginOptions {
  readonly issuer?: string;
  readonly clientId?: string;
  readonly secretStdin?: boolean;
}

const AFTERWARDS = `
Examples:
  bulkhead login --url https://bulkhead.example.com                  asks for a token or an API key
  bulkhead login --url https://bulkhead.example.com --secret-stdin < key.txt
  bulkhead login --url https://bulkhead.example.com --issuer https://id.example.com --client-id ci --secret-stdin

Without --secret-stdin the secret is taken from BULKHEAD_TOKEN or BULKHEAD_API_KEY (BULKHEAD_CLIENT_SECRET with
--client-id), or asked for when there is somebody to ask.
`;

export function login(maker: CommandMaker): Command {
  return new Command('login')
    .description('Keep an address and a credential as a context, once the API has accepted them.')
    .option('--issuer <address>', 'identity provider, for client credentials')
    .option('--client-id <id>', 'sign in with client credentials')
    .option('--secret-stdin', 'read the token, API key or client secret from stdin')
    .addHelpText('after', AFTERWARDS)
    .action(maker.does<LoginOptions>(signIn));
}

async function signIn(session: Session, options: LoginOptions & CommonOptions): Promise<void> {
  const { terminal } = session;
  const url = options.url ?? (terminal.env.BULKHEAD_URL || undefined);
  if (url === undefined) throw usageError('no_address', 'The address of the API is missing.', 'Add --url <address>.');
  const name = contextName(options.context ?? 'default');
  const store = new ContextStore(terminal);
  const contexts = store.read();
  const credential = await credentialFrom(session, options);
  const { baseUrl, hasRole } = await tryOut(session, url, credential);
  contexts.named.set(name, { url: baseUrl, credential });
  store.write({ ...contexts, current: name });
  session.note(`Signed in to ${baseUrl}; context ${name} is now the current one.`);
  if (!hasRole)
    session.note('This credential has no role yet, so it may do nothing. A platform admin can give it one.');
}

async function credentialFrom({ terminal }: Session, options: LoginOptions): Promise<Credential> {
  const { issuer, clientId, secretStdin: stdin = false } = options;
  if ((issuer === undefined) !== (clientId === undefined)) {
    const message = 'Client credentials need both --issuer and --client-id.';
    throw usageError('incomplete_sign_in', message, 'Add the one that is missing, or leave both out.');
  }
  if (issuer !== undefined && clientId !== undefined) {
    const clientSecret = await readSecret(terminal, {
      what: 'client secret',
      stdin,
      variables: ['BULKHEAD_CLIENT_SECRET'],
    });
    return { kind: 'client-credentials', issuer, clientId, clientSecret };
  }
  const variables = ['BULKHEAD_TOKEN', 'BULKHEAD_API_KEY'];
  const secret = await readSecret(terminal, { what: 'access token or API key', stdin, variables });
  return secret.startsWith(API_KEY_PREFIX) ? { kind: 'api-key', key: secret } : { kind: 'token', token: secret };
}

/** Asks for what every role may see. @throws BulkheadError when the credential is not accepted. */
async function tryOut(
  session: Session,
  url: string,
  credential: Credential,
): Promise<{ baseUrl: string; hasRole: boolean }> {
  const client = session.connect(url, credential);
  try {
    await client.listTiers();
    return { baseUrl: client.baseUrl, hasRole: true };
  } catch (error) {
    if (error instanceof BulkheadApiError && error.status === 403) return { baseUrl: client.baseUrl, hasRole: false };
    throw error;
  }
}
