import { BulkheadError, isSafeAddress } from '@bulkhead/kernel';
import { BulkheadConnectionError, unreadableAnswer } from './api-error.js';
import { createClient as createGeneratedClient } from './generated/client/index.js';
import { GeneratedApi, type OperationDetail, type ReadinessView } from './generated/index.js';
import { DEFAULT_RETRIES, retryingFetch, type Attempt, type RetryPolicy } from './retrying-fetch.js';
import { watchOperation, type WatchOptions } from './watch-operation.js';

const READINESS_MS = 10_000;

/** An access token of the identity provider, or a function that gives one that is still valid. */
export type AccessToken = string | (() => string | Promise<string>);

export interface ClientOptions {
  /** Address of the API; a `/v1` at its end is left out. Plain http is taken on loopback only, because credentials travel with it. */
  readonly baseUrl: string;
  readonly token?: AccessToken;
  readonly apiKey?: string;
  readonly retries?: Partial<RetryPolicy>;
  /** Longest wait for an answer to begin, milliseconds; 30 seconds by default. */
  readonly timeoutMs?: number;
  /** Told of every try of every request. */
  readonly onAttempt?: (attempt: Attempt) => void;
}

export interface AuditRange {
  /** First index. */
  readonly from?: number;
  /** Index after the last one. */
  readonly to?: number;
  readonly signal?: AbortSignal;
}

/**
 * The control plane's API: one method for each operation of its OpenAPI document, and what a document cannot say.
 * Every method throws BulkheadApiError when it is refused and BulkheadConnectionError without an answer.
 */
export class BulkheadClient extends GeneratedApi {
  readonly baseUrl: string;

  /** @throws BulkheadError `invalid_address` or `two_credentials` (400). */
  constructor(options: ClientOptions) {
    const baseUrl = apiAddress(options.baseUrl);
    const client = createGeneratedClient({
      baseUrl,
      throwOnError: true,
      responseStyle: 'data',
      // Whatever the answer calls itself: a web page in its place must not pass as an answer.
      parseAs: 'json',
      fetch: fetchOf(baseUrl, options) as typeof fetch,
    });
    client.interceptors.error.use((error, response) =>
      error instanceof SyntaxError && response ? unreadableAnswer(baseUrl, error) : error,
    );
    super({ client });
    this.baseUrl = baseUrl;
  }

  /** Whether everything that the API needs answers; an API that is not ready is an answer, not an error. */
  async getReadiness(): Promise<ReadinessView> {
    const response = await this.#look('/v1/health/ready');
    const answer: unknown = await response.json().catch(() => undefined);
    const { ready, checks } = (answer ?? {}) as Partial<ReadinessView>;
    if (typeof ready === 'boolean' && typeof checks === 'object') return { ready, checks };
    throw unreadableAnswer(this.baseUrl, undefined);
  }

  /**
   * The identity provider whose tokens the API takes, as it says itself (RFC 9728); undefined when it does not say. What
   * it calls its own address is not compared: whoever asks has chosen the address.
   */
  async getIdentityProvider(): Promise<string | undefined> {
    const response = await this.#look('/.well-known/oauth-protected-resource');
    const answer: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
    const [issuer] = (answer as { authorization_servers?: unknown[] } | undefined)?.authorization_servers ?? [];
    return typeof issuer === 'string' ? issuer : undefined;
  }

  /** The audit log, or a range of it, as JSON Lines for the offline verifier (`@bulkhead/client/audit`). */
  async exportAuditLog({ from, to, signal }: AuditRange = {}): Promise<ReadableStream<Uint8Array>> {
    return await this.#stream('/v1/audit/export', { from, to }, signal);
  }

  /** The operation now and after every change, until its state is final; see {@link watchOperation}. */
  watchOperation(id: string, options?: WatchOptions): AsyncGenerator<OperationDetail, void> {
    const source = {
      get: async (operation: string, signal?: AbortSignal): Promise<OperationDetail> =>
        await this.getOperation({ path: { id: operation }, ...(signal && { signal }) }),
      events: async (operation: string, signal?: AbortSignal) =>
        await this.#stream(`/v1/operations/${encodeURIComponent(operation)}/events`, {}, signal),
    };
    return watchOperation(source, id, options);
  }

  /** Once, without credentials, whatever the answer is. */
  async #look(path: string): Promise<Response> {
    try {
      return await fetch(`${this.baseUrl}${path}`, { redirect: 'manual', signal: AbortSignal.timeout(READINESS_MS) });
    } catch (error) {
      throw new BulkheadConnectionError(this.baseUrl, error);
    }
  }

  async #stream(url: string, query: object, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const request = {
      url,
      query: { ...query },
      parseAs: 'stream',
      responseStyle: 'data',
      ...(signal && { signal }),
    } as const;
    const answer: unknown = await this.client.get(request);
    return answer as ReadableStream<Uint8Array>;
  }
}

/** @throws BulkheadError `invalid_address` or `two_credentials` (400). */
export function createClient(options: ClientOptions): BulkheadClient {
  return new BulkheadClient(options);
}

function fetchOf(baseUrl: string, { token, apiKey, retries, timeoutMs = 30_000, onAttempt }: ClientOptions) {
  if (token !== undefined && apiKey !== undefined) {
    throw new BulkheadError({
      code: 'two_credentials',
      status: 400,
      publicMessage: 'Both an access token and an API key were given.',
      remediation: 'Give one of them.',
    });
  }
  const credential = token ?? apiKey;
  return retryingFetch({
    baseUrl,
    credential: typeof credential === 'string' ? () => credential : credential,
    retries: { ...DEFAULT_RETRIES, ...retries },
    timeoutMs,
    onAttempt,
  });
}

/**
 * An API's address in the form that the client uses: without `/v1`, which every path begins with, and without a slash at
 * the end.
 * @throws BulkheadError `invalid_address` (400).
 */
export function apiAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && isSafeAddress(text) && url.username === '' && url.search === '' && url.hash === '')
    return url.href.replace(/\/+$/, '').replace(/\/v1$/, '');
  // Whatever else was given may be a secret in the wrong place.
  const shown = url && /^https?:$/.test(url.protocol) ? `${url.protocol}//${url.host}${url.pathname}` : 'This';
  throw new BulkheadError({
    code: 'invalid_address',
    status: 400,
    publicMessage: `${shown} is no address of an API.`,
    remediation: 'Give an https address, such as https://bulkhead.example.com; http is taken on loopback only.',
  });
}
