import { apiAddress, createClient, type BulkheadClient, type ClientOptions } from '@bulkhead/client';
import { clientCredentialsToken } from './contexts/client-credentials.js';
import { ContextStore, findContext, type Credential } from './contexts/context-store.js';
import { signedInToken } from './contexts/signed-in.js';
import type { OutputFormat } from './output/output-format.js';
import { isInteractive, printable, type Terminal } from './terminal.js';
import { usageError } from './usage-error.js';

/** Options that every command takes. */
export interface CommonOptions {
  readonly output: OutputFormat;
  readonly context?: string;
  readonly url?: string;
  readonly debug?: boolean;
  /** False with `--no-input`. */
  readonly input?: boolean;
}

/** Which API, and as whom. */
export interface Connection {
  readonly url: string;
  readonly credential: Credential | undefined;
  /** The context that the credential is of, where it is renewed. */
  readonly context?: string | undefined;
  /** Where the two were found, in words. */
  readonly source: string;
}

/** What one command works with. */
export class Session {
  constructor(
    readonly terminal: Terminal,
    readonly options: CommonOptions,
  ) {}

  /** Whether somebody can be asked. */
  get interactive(): boolean {
    return this.options.input !== false && isInteractive(this.terminal);
  }

  /** Tells something that is not data. */
  note(text: string): void {
    this.terminal.stderr.write(`${printable(text)}\n`);
  }

  /**
   * The API that options, environment and contexts say, in this order. With `--context` the environment says nothing:
   * a credential that is set for one installation must not reach another. A context's credential is used only at the
   * address that it was made for.
   * @throws BulkheadError `no_address`, `invalid_address`, `two_credentials`, `unknown_context`, or why the contexts
   * cannot be read.
   */
  connection(): Connection {
    const { context: chosen } = this.options;
    const given = chosen === undefined ? environmentCredential(this.terminal.env) : undefined;
    const asked = this.#askedAddress();
    if (asked && given) return { ...asked, credential: given };
    const contexts = new ContextStore(this.terminal).read();
    const name = chosen ?? contexts.current ?? undefined;
    const context = name === undefined ? undefined : findContext(contexts, name);
    if (asked && !(context && apiAddress(asked.url) === apiAddress(context.url)))
      return { ...asked, credential: undefined };
    if (!context) {
      const remediation =
        'Sign in (bulkhead login --url …), or set BULKHEAD_URL and BULKHEAD_TOKEN or BULKHEAD_API_KEY.';
      throw usageError('no_address', 'The address of the API is not known.', remediation);
    }
    const source = asked ? `${asked.source} and the context ${name}` : `context ${name}`;
    return { url: context.url, credential: given ?? context.credential, context: name, source };
  }

  /** The address that the command line or the environment names, if one does. */
  #askedAddress(): Pick<Connection, 'url' | 'source'> | undefined {
    const { url, context } = this.options;
    if (url !== undefined) return { url, source: 'option --url' };
    const { BULKHEAD_URL } = this.terminal.env;
    return BULKHEAD_URL && context === undefined ? { url: BULKHEAD_URL, source: 'environment' } : undefined;
  }

  /** @throws BulkheadError `no_credential`, and what {@link connection} throws. */
  client(): BulkheadClient {
    const connection = this.connection();
    const { url } = connection;
    if (connection.credential) return this.connect(connection);
    const remediation =
      this.options.context === undefined
        ? 'Set BULKHEAD_TOKEN or BULKHEAD_API_KEY, or sign in: bulkhead login --help'
        : 'Sign in: bulkhead login --help. With --context, BULKHEAD_TOKEN and BULKHEAD_API_KEY are not looked at.';
    throw usageError('no_credential', `There is no credential for ${url}.`, remediation);
  }

  /** @param more changes the client's usual ways. */
  connect(connection: Omit<Connection, 'source'>, more: Partial<ClientOptions> = {}): BulkheadClient {
    const onAttempt: ClientOptions['onAttempt'] = ({ method, url: address, attempt, durationMs, status }) =>
      this.note(
        `${method} ${address} ${status ?? 'no answer'} ${durationMs} ms${attempt > 1 ? `, attempt ${attempt}` : ''}`,
      );
    const identity = this.#identity(connection);
    return createClient({ baseUrl: connection.url, ...identity, ...(this.options.debug && { onAttempt }), ...more });
  }

  #identity({ credential, context }: Omit<Connection, 'source'>): Pick<ClientOptions, 'token' | 'apiKey'> {
    if (credential?.kind !== 'signed-in') return identityOf(credential);
    if (context === undefined) return { token: credential.accessToken };
    return { token: signedInToken(new ContextStore(this.terminal), context, credential) };
  }
}

function identityOf(
  credential: Exclude<Credential, { kind: 'signed-in' }> | undefined,
): Pick<ClientOptions, 'token' | 'apiKey'> {
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
