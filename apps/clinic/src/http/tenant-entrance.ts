import { BulkheadError } from '@bulkhead/kernel';
import { runWithTenant, type TenantContext, type TenantTokens } from '@bulkhead/tenancy';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Observable } from 'rxjs';
import { ACCESS, type ClinicRole } from './access.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** For whom the request runs, once its token was verified. For the log. */
    tenant?: TenantContext;
  }
}

/** Resolves the tenant before anything else looks at the request, and runs all of the rest for it. */
export class TenantEntrance implements NestInterceptor {
  constructor(
    private readonly tokens: TenantTokens,
    private readonly reflector: Reflector,
  ) {}

  async intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const access = this.reflector.get<'public' | readonly ClinicRole[] | undefined>(ACCESS, execution.getHandler());
    if (access === 'public') return next.handle();
    if (access === undefined) throw new Error('The route does not say who may call it');
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const context = await this.tokens.verify(bearer(request.headers.authorization));
    request.tenant = context;
    if (!context.roles.some((role) => access.includes(role as ClinicRole))) throw forbidden(access);
    return new Observable((subscriber) => runWithTenant(context, () => next.handle().subscribe(subscriber)));
  }
}

function bearer(authorization: string | undefined): string {
  const [, token] = /^Bearer ([\w.-]{1,8192})$/.exec(authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw new BulkheadError({
    code: 'tenant_token_missing',
    status: 401,
    publicMessage: 'The request needs a tenant token.',
    remediation: 'Send Authorization: Bearer with a token for the audience "clinic".',
  });
}

function forbidden(roles: readonly string[]): BulkheadError {
  return new BulkheadError({
    code: 'forbidden',
    status: 403,
    publicMessage: 'Your roles do not allow this.',
    remediation: `Ask the administrator of your organisation for one of these roles: ${roles.join(', ')}.`,
  });
}
