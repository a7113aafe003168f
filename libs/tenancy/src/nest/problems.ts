import { STATUS_CODES } from 'node:http';
import { BulkheadError } from '@bulkhead/kernel';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimited } from '../limits/rate-limits.js';

/** Every refusal looks like this (RFC 9457), as the control plane's own do. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable code to branch on. */
  readonly errorCode: string;
  readonly remediation: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The request, as the logs name it. */
  readonly instance: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** Told of what was refused or went wrong, for the log. */
export type ProblemListener = (error: BulkheadError, request: FastifyRequest) => void;

/**
 * Turns whatever was thrown into a problem. Only a {@link BulkheadError} speaks for itself: texts of libraries may quote
 * what they were given, which may be PHI.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly listener: ProblemListener = () => undefined) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const error = publicError(thrown);
    this.listener(error, request);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (error.status === 401) reply.header('www-authenticate', 'Bearer');
    if (error instanceof RateLimited) reply.header('retry-after', error.retryAfterSeconds);
    reply.status(error.status).header('content-type', 'application/problem+json; charset=utf-8');
    void reply.send(JSON.stringify(problemOf(error, request.id)));
  }
}

function problemOf(error: BulkheadError, requestId: string): Problem {
  return {
    type: `urn:bulkhead:problem:${error.code}`,
    title: STATUS_CODES[error.status] ?? 'Refused',
    status: error.status,
    detail: error.publicMessage,
    errorCode: error.code,
    remediation: error.remediation,
    retryable: error.retryable,
    instance: `urn:request:${requestId}`,
    ...(error.errors.length > 0 && { errors: error.errors.map(({ pointer, message }) => ({ pointer, message })) }),
  };
}

function publicError(thrown: unknown): BulkheadError {
  if (thrown instanceof BulkheadError) return thrown;
  const status = statusOf(thrown);
  if (status < 400 || status >= 500) {
    return new BulkheadError({
      code: 'internal',
      status: 500,
      publicMessage: 'Something went wrong on our side.',
      remediation: 'Try again. If it lasts, report the instance of this answer.',
      cause: thrown,
    });
  }
  return new BulkheadError({
    code: status === 404 ? 'not_found' : 'bad_request',
    status,
    publicMessage: status === 404 ? 'There is nothing at this address.' : `${STATUS_CODES[status] ?? 'Refused'}.`,
    remediation: 'See the description of the API for what is expected.',
    cause: thrown,
  });
}

function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { statusCode } = (thrown ?? {}) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 500;
}
