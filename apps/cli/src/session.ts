import { createClient, type BulkheadClient, type ClientOptions } from '@bulkhead/client';
import { clientCredentialsToken } from './contexts/client-credentials.js';
import { ContextStore, findContext, type Credential } from './contexts/context-store.js';
import type { OutputFormat } from './output/output-format.js';
import { printable, type Terminal } from './terminal.js';
import { usageError } from './usage-error.js';

/** Options that every command takes. */
export interface CommonOptions {
  readonly output: OutputFormat;
  readonly context?: string;
  readonly url?: string;
  readonly debug?: boolean;
}

/** Which API, and as whom. */
export interface Connection {
  readonly url: string;
  readonly credential: Credential | undefined;
  /** Where the two were found, in words. */
  readonly source: string;
}

/** What one command works with. */
export class Session {
  constructor(
    readonly terminal: Terminal,
    readonly options: CommonOptions,
  ) {}

  /** Tells something that is not data. */
  note(text: string): void {
    this.terminal.stderr.write(`${printable(text)}\n`);
  }

  /**
   * The API that options, environment and contexts say, in this order. A context's credential is used only at the
   * address that it was made for.
   * @throws BulkheadError `no_address`, `two_credentials`, or why the contexts cannot be read.
   */
  connection(): Connection {
    const { env } = this.terminal;
    const given = environmentCredential(env);
    const url = this.options.url ?? (env.BULKHEAD_URL || undefined);
    if (url !== undefined && given) return { url, credential: given, source: 'environment' };
    const contexts = new ContextStore(this.terminal).read();
    const name = this.options.context ?? contexts.current ?? undefined;
    const context = name === undefined ? undefined : findContext(contexts, name);
    if (!context) {
      if (url !== undefined) return { url, credential: undefined, source: 'environment' };
      const remediation =
        'Sign in (bulkhead login --url …), or set BULKHEAD_URL and BULKHEAD_TOKEN or BULKHEAD_API_KEY.';
      throw usageError('no_address', 'The address of the API is not known.', remediation);
    }
    const same = url === undefined || sameAddress(url, context.url);
    const source = `context ${name}`;
    if (!same) return { url, credential: given, source: 'options' };
    return { url: context.url, credential: given ?? context.credential, source };
  }

  /** @throws BulkheadError `no_credential`, and what {@link connection} throws. */
  client(): BulkheadClient {
    const { url, credential } = this.connection();
    if (credential) return this.connect(url, credential);
    const remediation = 'Set BULKHEAD_TOKEN or BULKHEAD_API_KEY, or sign in: bulkhead login --help';
    throw usageError('no_credential', `There is no credential for ${url}.`, remediation);
  }

  /** @param more changes the client's usual ways. */
  connect(url: string, credential?: Credential, more: Partial<ClientOptions> = {}): BulkheadClient {
    const onAttempt: ClientOptions['onAttempt'] = ({ method, url: address, attempt, durationMs, status }) =>
      this.note(
        `${method} ${address} ${status ?? 'no answer'} ${durationMs} ms${attempt > 1 ? `, attempt ${attempt}` : ''}`,
      );
    return createClient({ baseUrl: url, ...signIn(credential), ...(this.options.debug && { onAttempt }), ...more });
  }
}

function signIn(credential: Credential | undefined): Pick<ClientOptions, 'token' | 'apiKey'> {
  switch (credential?.kind) {
    case undefined:
      return {};
    case 'token':
      return { token: credential.token };
    case 'api-key':
      return { apiKey: credential.key };
    case 'client-credentials':
      return { token: clientCredentialsToken(credential) };
  }
}

/** @throws BulkheadError `two_credentials` */
function environmentCredential(env: Terminal['env']): Credential | undefined {
  const { BULKHEAD_TOKEN: token, BULKHEAD_API_KEY: key } = env;
  if (token && key)
    throw usageError('two_credentials', 'Both BULKHEAD_TOKEN and BULKHEAD_API_KEY are set.', 'Unset one of them.');
  if (token) return { kind: 'token', token };
  return key ? { kind: 'api-key', key } : undefined;
}

function sameAddress(one: string, other: string): boolean {
  return one.replace(/\/+$/, '') === other.replace(/\/+$/, '');
}
