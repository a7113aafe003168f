import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Call } from '../gate/index.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls, once the token was verified. */
    call?: Call;
  }
}

/** The {@link Call} of a route that is not public. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Call => {
  const { call } = context.switchToHttp().getRequest<{ call?: Call }>();
  if (!call) throw new Error('A public route has no caller');
  return call;
});
