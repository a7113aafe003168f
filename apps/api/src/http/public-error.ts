import { STATUS_CODES } from 'node:http';
import { BulkheadError } from '@bulkhead/kernel';
import { HttpException } from '@nestjs/common';

/** Largest body, in bytes. Everything that the API takes is a small document, but for the plan of a fleet. */
export const BODY_LIMIT = 64 * 1024;

/** [status, code, message, remediation] of what Fastify and Nest refuse themselves. */
const REFUSALS: Readonly<Record<number, readonly [code: string, message: string, remediation: string]>> = {
  400: ['malformed_request', 'The request cannot be read.', 'Send well-formed JSON and a well-formed address.'],
  404: ['not_found', 'There is nothing at this address.', 'See /v1/openapi.json for what there is.'],
  405: ['method_not_allowed', 'This address does not take this method.', 'Use one of the methods in the Allow header.'],
  408: ['request_timeout', 'The request took too long to arrive.', 'Send it again.'],
  413: ['body_too_large', 'The body is larger than this address takes.', 'Send less in one request.'],
  414: ['address_too_long', 'The address is too long.', 'Send an address as the API returned it.'],
  415: ['unsupported_media_type', 'The body is not JSON.', 'Send Content-Type: application/json.'],
};

/**
 * What may be shown of anything that was thrown. Only a {@link BulkheadError} speaks for itself; texts of libraries are
 * never shown, because they quote what they were given.
 */
export function publicError(thrown: unknown): BulkheadError {
  if (thrown instanceof BulkheadError) return thrown;
  const status = statusOf(thrown);
  if (status < 400 || status >= 500) return internal(thrown);
  const fallback = [
    'bad_request',
    STATUS_CODES[status] ?? 'The request is refused.',
    'See /v1/openapi.json for what is expected.',
  ] as const;
  const [code, publicMessage, remediation] = REFUSALS[status] ?? fallback;
  return new BulkheadError({ code, status, publicMessage, remediation, cause: thrown });
}

function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { statusCode } = (thrown ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}

function internal(cause: unknown): BulkheadError {
  return new BulkheadError({
    code: 'internal',
    status: 500,
    retryable: true,
    publicMessage: 'Something went wrong on our side.',
    remediation: 'Try again with the same Idempotency-Key. If it lasts, report the instance of this answer.',
    cause,
  });
}
