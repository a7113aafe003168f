import { BulkheadError } from '@bulkhead/kernel';
import { BulkheadConnectionError, errorOf } from './api-error.js';

export interface RetryPolicy {
  /** How often a request is sent at most. */
  readonly attempts: number;
  /** Longest wait before the second attempt, milliseconds; it doubles each time. */
  readonly firstDelayMs: number;
  /** Longest wait before any attempt, milliseconds. When the API asks for more (Retry-After), the refusal is given. */
  readonly longestDelayMs: number;
}

export const DEFAULT_RETRIES: RetryPolicy = { attempts: 4, firstDelayMs: 200, longestDelayMs: 10_000 };

/** One try of a request, for whoever wants to see what is sent. Holds no credentials and no bodies. */
export interface Attempt {
  readonly method: string;
  readonly url: string;
  readonly attempt: number;
  readonly durationMs: number;
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
}

export interface FetchOptions {
  readonly baseUrl: string;
  /** Gives the bearer credential, before each attempt. */
  readonly credential: (() => string | Promise<string>) | undefined;
  readonly retries: RetryPolicy;
  /** Longest wait for an answer to begin, milliseconds. */
  readonly timeoutMs: number;
  readonly onAttempt: ((attempt: Attempt) => void) | undefined;
}

/**
 * A `fetch` that signs requests, gives each POST an Idempotency-Key, and repeats what may succeed later with the same
 * key: lost connections, 429, 503, and every problem that says it is retryable. Waits grow, with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), or are as long as Retry-After says.
 * @throws BulkheadApiError for every answer that is not a success; BulkheadConnectionError without an answer; what the
 * request's signal was aborted with.
 */
export function retryingFetch(options: FetchOptions): (request: Request) => Promise<Response> {
  return async (given) => {
    const request = given.clone();
    if (request.method === 'POST' && !request.headers.has('idempotency-key'))
      request.headers.set('idempotency-key', crypto.randomUUID());
    for (let attempt = 1; ; attempt++) {
      const { response, error, askedDelayMs } = await send(request.clone(), attempt, options);
      if (response) return response;
      const delayMs = askedDelayMs ?? jitter(attempt, options.retries);
      const { attempts, longestDelayMs } = options.retries;
      if (!error.retryable || attempt >= attempts || delayMs > longestDelayMs) throw error;
      await pause(delayMs, request.signal);
    }
  };
}

type Outcome =
  | { readonly response: Response; readonly error?: undefined; readonly askedDelayMs?: undefined }
  | { readonly response?: undefined; readonly error: BulkheadError; readonly askedDelayMs?: number | undefined };

async function send(request: Request, attempt: number, options: FetchOptions): Promise<Outcome> {
  const { baseUrl, credential, timeoutMs, onAttempt } = options;
  if (credential) request.headers.set('authorization', `Bearer ${await credential()}`);
  const started = performance.now();
  const tell = (status?: number) => {
    const durationMs = Math.round(performance.now() - started);
    onAttempt?.({ method: request.method, url: request.url, attempt, durationMs, status });
  };
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new DOMException('No answer in time', 'TimeoutError')), timeoutMs);
  try {
    // A redirect could carry the credential to another place.
    const signal = AbortSignal.any([request.signal, timeout.signal]);
    const response = await fetch(request, { redirect: 'manual', signal });
    tell(response.status);
    if (response.ok) return { response };
    return { error: await errorOf(response, baseUrl), askedDelayMs: retryAfter(response) };
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    tell();
    return { error: new BulkheadConnectionError(baseUrl, timeout.signal.aborted ? timeout.signal.reason : error) };
  } finally {
    clearTimeout(timer);
  }
}

/** RFC 9110, section 10.2.3: seconds or a date. */
function retryAfter({ headers }: Response): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function jitter(attempt: number, { firstDelayMs, longestDelayMs }: RetryPolicy): number {
  return Math.random() * Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1));
}

/** @throws what the signal was aborted with. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
  signal?.throwIfAborted();
}
