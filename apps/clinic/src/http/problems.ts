import { STATUS_CODES } from 'node:http';
import { BulkheadError, type FieldError } from '@bulkhead/kernel';
import type { Logger } from '@bulkhead/runtime';
import { applyDecorators, Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

export class ProblemField {
  @ApiProperty({ description: 'JSON pointer (RFC 6901) into the body; `/query/…` for a parameter of the address.' })
  pointer!: string;
  @ApiProperty() message!: string;
}

/** Every refusal looks like this (RFC 9457). */
export class Problem {
  @ApiProperty({ example: 'urn:bulkhead:problem:practitioner_not_free' }) type!: string;
  @ApiProperty() title!: string;
  @ApiProperty({ type: 'integer' }) status!: number;
  @ApiProperty() detail!: string;
  @ApiProperty({ description: 'Stable code to branch on.' }) errorCode!: string;
  @ApiProperty({ description: 'What to do next.' }) remediation!: string;
  @ApiProperty({ description: 'Whether the same request may succeed later.' }) retryable!: boolean;
  @ApiProperty({ description: 'The request, as the logs name it.' }) instance!: string;
  @ApiProperty({ type: [ProblemField], required: false }) errors?: ProblemField[];
}

/** Documents the refusals that a route may give. */
export function Problems(...statuses: readonly number[]): MethodDecorator {
  const content = { 'application/problem+json': { schema: { $ref: getSchemaPath(Problem) } } };
  return applyDecorators(
    ApiExtraModels(Problem),
    ...statuses.map((status) => ApiResponse({ status, description: STATUS_CODES[status] ?? 'Refused', content })),
  );
}

/** [code, message, remediation] of what Fastify and Nest refuse themselves. */
const REFUSALS: Readonly<Record<number, readonly [code: string, message: string, remediation: string]>> = {
  400: ['malformed_request', 'The request cannot be read.', 'Send well-formed JSON and a well-formed address.'],
  404: ['not_found', 'There is nothing at this address.', 'See /openapi.json for what there is.'],
  413: ['body_too_large', 'The body is too large.', 'Send less in one request.'],
  415: ['unsupported_media_type', 'The body is not JSON.', 'Send Content-Type: application/json.'],
};

/** Turns whatever was thrown into an answer. Texts of libraries are never shown: they quote what they were given. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const error = publicError(thrown);
    if (error.status >= 500) this.logger.error('A request failed.', { requestId: request.id, code: error.code, error });
    answerProblem(error, request, http.getResponse<FastifyReply>());
  }
}

/** What may be shown of anything that was thrown. */
export function publicError(thrown: unknown): BulkheadError {
  if (thrown instanceof BulkheadError) return thrown;
  const status =
    thrown instanceof HttpException ? thrown.getStatus() : (thrown as { statusCode?: unknown })?.statusCode;
  if (typeof status !== 'number' || status < 400 || status >= 500) return internal(thrown);
  const fallback = ['bad_request', STATUS_CODES[status] ?? 'The request is refused.', 'See /openapi.json.'] as const;
  const [code, publicMessage, remediation] = REFUSALS[status] ?? fallback;
  return new BulkheadError({ code, status, publicMessage, remediation, cause: thrown });
}

/** Writes a refusal as `application/problem+json`. */
export function answerProblem(error: BulkheadError, { id }: FastifyRequest, reply: FastifyReply): void {
  if (reply.sent || reply.raw.headersSent) return void reply.raw.destroy();
  const problem: Problem = {
    type: `urn:bulkhead:problem:${error.code}`,
    title: STATUS_CODES[error.status] ?? 'Refused',
    status: error.status,
    detail: error.publicMessage,
    errorCode: error.code,
    remediation: error.remediation,
    retryable: error.retryable,
    instance: `urn:uuid:${id}`,
    ...(error.errors.length > 0 && { errors: error.errors.map(({ pointer, message }) => ({ pointer, message })) }),
  };
  if (error.status === 401) reply.header('www-authenticate', 'Bearer');
  reply.status(error.status).header('content-type', 'application/problem+json; charset=utf-8');
  void reply.send(JSON.stringify(problem));
}

/** The refusal of a body or a query that does not have the right form: every problem at once. */
export function invalidRequest(errors: readonly FieldError[]): BulkheadError {
  return new BulkheadError({
    code: 'invalid_request',
    status: 400,
    publicMessage: 'The request is not valid.',
    remediation: 'Mend the fields named in errors[]; /openapi.json describes them.',
    errors,
  });
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
