import { STATUS_CODES } from 'node:http';
import { CommandGate, type Problem } from '@bulkhead/control';
import { BulkheadError } from '@bulkhead/kernel';
import type { Logger } from '@bulkhead/runtime';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TooManyRequests } from '../auth/rate-limits.js';
import { publicError } from './public-error.js';
import type { RouteTable } from './route-table.js';

/** The one place where a refusal becomes an answer (RFC 9457) and, when its caller is known, an audit leaf. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly gate: CommandGate,
    private readonly routes: RouteTable,
    private readonly logger: Logger,
  ) {}

  async catch(thrown: unknown, host: ArgumentsHost): Promise<void> {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    let error = this.routes.sharpen(publicError(thrown), request, reply);
    if (error.status >= 500) this.logger.error('A request failed.', { requestId: request.id, code: error.code, error });
    try {
      await this.#audit(error, request);
    } catch (failure) {
      this.logger.error('A refusal could not be audited.', { requestId: request.id, code: error.code, error: failure });
      error = publicError(failure);
    }
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    answerProblem(error, request, reply);
  }

  /** Refused changes of a known caller, and whatever a known caller was forbidden. Others are only logged. */
  async #audit(error: BulkheadError, { call, method, routeOptions }: FastifyRequest): Promise<void> {
    if (!call || error.status >= 500) return;
    const action = routeOptions.config.access?.action;
    if (action === undefined && error.status !== 403) return;
    await this.gate.refuse(action ?? `${method} ${routeOptions.url}`, call, error);
  }
}

/** Writes a refusal as `application/problem+json`. */
export function answerProblem(error: BulkheadError, request: FastifyRequest, reply: FastifyReply): void {
  const problem: Problem = {
    type: `urn:bulkhead:problem:${error.code}`,
    title: STATUS_CODES[error.status] ?? 'Refused',
    status: error.status,
    detail: error.publicMessage,
    errorCode: error.code,
    remediation: error.remediation,
    retryable: error.retryable,
    instance: `urn:uuid:${request.id}`,
    ...(error.errors.length > 0 && { errors: error.errors.map(({ pointer, message }) => ({ pointer, message })) }),
  };
  if (error.status === 401) reply.header('www-authenticate', 'Bearer');
  if (error instanceof TooManyRequests) reply.header('retry-after', error.retryAfterSeconds);
  reply
    .status(error.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .header('x-request-id', request.id);
  void reply.send(JSON.stringify(problem));
}
