import { BulkheadError } from '@bulkhead/kernel';
import type { Problem } from './generated/index.js';

/** The API refused a request: what its problem document (RFC 9457) says. */
export class BulkheadApiError extends BulkheadError {
  /** Names the request in the API's logs and in the audit log; undefined when something before the API answered. */
  readonly instance: string | undefined;

  constructor({
    errorCode,
    status,
    detail,
    remediation,
    retryable,
    errors,
    instance,
  }: Omit<Problem, 'type' | 'title'>) {
    super({ code: errorCode, status, publicMessage: detail, remediation, retryable, ...(errors && { errors }) });
    this.name = 'BulkheadApiError';
    this.instance = instance === '' ? undefined : instance;
  }

  /** Stable code to branch on, as the problem document names it. */
  get errorCode(): string {
    return this.code;
  }
}

/** The API could not be reached, or did not answer in time. The request may have been carried out. */
export class BulkheadConnectionError extends BulkheadError {
  constructor(address: string, cause: unknown) {
    const timedOut = (cause as { name?: unknown } | undefined)?.name === 'TimeoutError';
    super({
      code: timedOut ? 'api_timeout' : 'api_unreachable',
      status: 503,
      retryable: true,
      publicMessage: timedOut
        ? `The API at ${address} does not answer in time.`
        : `The API at ${address} cannot be reached${reasonOf(cause)}.`,
      remediation: 'Check that the address is right and that the API runs, then try again.',
      cause,
    });
    this.name = 'BulkheadConnectionError';
  }
}

/** `fetch` says only "fetch failed"; the system's code, such as ECONNREFUSED, is in what caused it. */
function reasonOf(cause: unknown): string {
  const { code } = ((cause as Error | undefined)?.cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? ` (${code})` : '';
}

/** What an answer that is not a success means, whoever gave it: the API, or something in front of it. */
export async function errorOf(response: Response, address: string): Promise<BulkheadApiError> {
  const problem = await problemIn(response);
  if (problem) return new BulkheadApiError(problem);
  const { status } = response;
  if (status === 304) return unchanged();
  const redirected = response.type === 'opaqueredirect' || (status >= 300 && status < 400);
  return new BulkheadApiError({
    errorCode: redirected ? 'unexpected_redirect' : `http_${status}`,
    status,
    detail: redirected
      ? `${address} redirects to another address.`
      : `${address} answered ${status} without saying why; this may not be the API.`,
    remediation: 'Check the address of the API, and what stands in front of it.',
    retryable: [429, 502, 503, 504].includes(status),
    instance: '',
  });
}

/** The answer to a request with If-None-Match, which nothing but the caller's own headers can make one. */
function unchanged(): BulkheadApiError {
  return new BulkheadApiError({
    errorCode: 'not_modified',
    status: 304,
    detail: 'The version that If-None-Match names is current.',
    remediation: 'Use the version that you have.',
    retryable: false,
    instance: '',
  });
}

/** An answer that should have been a JSON document and is not. */
export function unreadableAnswer(address: string, cause: unknown): BulkheadApiError {
  const error = new BulkheadApiError({
    errorCode: 'unreadable_answer',
    status: 502,
    detail: `${address} gave an answer that cannot be read; this may not be the API.`,
    remediation: 'Check the address of the API, and what stands in front of it.',
    retryable: false,
    instance: '',
  });
  error.cause = cause;
  return error;
}

async function problemIn(response: Response): Promise<Problem | undefined> {
  if (!response.headers.get('content-type')?.startsWith('application/problem+json')) return undefined;
  try {
    const { errorCode, detail, remediation, ...rest } = (await response.json()) as Partial<Problem>;
    if (typeof errorCode !== 'string' || typeof detail !== 'string') return undefined;
    return {
      type: '',
      title: '',
      errorCode,
      detail,
      status: response.status,
      remediation: remediation ?? '',
      retryable: rest.retryable === true,
      instance: rest.instance ?? '',
      ...(Array.isArray(rest.errors) && { errors: rest.errors }),
    };
  } catch {
    return undefined;
  }
}
