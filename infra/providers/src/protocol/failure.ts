import { types } from 'node:util';
import { BulkheadError } from '@bulkhead/kernel';

/** Why a provider call failed, fit for the terminal, the state's event log and Temporal: no secrets. */
export interface Failure {
  /** AWS error name, SQLSTATE or system error code. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, '[access key]'],
  [/("?(?:password|secret|token|authorization)"?\s*[:=]\s*)("[^"]*"|'[^']*'|\S+)/gi, '$1[redacted]'],
  [/(\w+:\/\/[^\s:@/]+):[^\s@/]+@/g, '$1:[redacted]@'],
  [/SCRAM-SHA-256\$\S+/g, '[redacted]'],
];

/** Masks what looks like a credential in a text that came from outside. */
export function redact(text: string): string {
  return MASKS.reduce((masked, [pattern, mask]) => masked.replace(pattern, mask), text);
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /AccessDenied|UnauthorizedOperation|42501|403/,
    "Give the provider's AWS identity or database role the missing right, then run again.",
  ],
  [
    /InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClient|ExpiredToken|CredentialsProviderError|28P01|28000/,
    'Check the credentials that the provider was started with.',
  ],
  [
    /ECONNREFUSED|ENOTFOUND|ETIMEDOUT|ECONNRESET|TimeoutError|57P0/,
    'Check that the service answers at its endpoint, then run again: what was made already is adopted.',
  ],
  [/Throttl|TooManyRequests|SlowDown|RequestLimitExceeded/, 'Run again in a minute: what was made already is adopted.'],
  [/LimitExceeded|QuotaExceeded/, 'Ask AWS for a higher quota or free what is not needed.'],
];

/** Reads any thrown value into a failure. Only what the thrower states as public, an AWS or Postgres message, is kept. */
export function failureOf(error: unknown): Failure {
  if (error instanceof BulkheadError) {
    return { code: error.code, message: redact(error.publicMessage), remedy: error.remediation };
  }
  if (!types.isNativeError(error)) return failure('Unknown', 'The provider failed without an error.');
  // AWS names its errors; Postgres and the system number theirs.
  const { code, $metadata } = error as Error & { code?: unknown; $metadata?: unknown };
  return failure($metadata === undefined && typeof code === 'string' ? code : error.name, error.message);
}

function failure(code: string, message: string): Failure {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(code))?.[1];
  return {
    code,
    message: redact(message),
    remedy: remedy ?? 'Mend the cause and run again: what was made already is adopted.',
  };
}

/** Whether AWS answered that there is no such thing. */
export function isAbsent(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
  return status === 404 || /NotFound|NonExistentQueue|QueueDoesNotExist|NoSuch|ResourceNotFound/.test(error.name);
}

/** Awaits a read, with undefined for what does not exist. Other errors pass. */
export async function absentAsUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
