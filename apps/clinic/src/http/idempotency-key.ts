import { BulkheadError } from '@bulkhead/kernel';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';

const KEY = /^[\x21-\x7e]{16,255}$/;

/** Documents the header of a route that makes something. */
export function MakesOnce(): MethodDecorator {
  return ApiHeader({
    name: 'Idempotency-Key',
    required: true,
    description: 'A new UUID for each request. The same key with the same body makes nothing twice.',
    schema: { type: 'string', minLength: 16, maxLength: 255, pattern: KEY.source },
  });
}

/** The request's Idempotency-Key. @throws BulkheadError `idempotency_key_missing` (400). */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const key = context.switchToHttp().getRequest<FastifyRequest>().headers['idempotency-key'];
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw new BulkheadError({
    code: 'idempotency_key_missing',
    status: 400,
    publicMessage: 'The request needs an Idempotency-Key header of 16 to 255 visible ASCII characters.',
    remediation: 'Send a new UUID as Idempotency-Key, and the same one when you repeat the request.',
  });
});
