import { BulkheadError } from '@bulkhead/kernel';
import type { Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { runWithTenant, type TenantContext } from '../context/tenant-context.js';
import type { TenantTokens } from '../context/tenant-tokens.js';
import type { Entitlements } from '../entitlements/entitlements.js';
import type { RateLimits } from '../limits/rate-limits.js';
import type { RoutingTable } from '../routing/routing-table.js';
import { RequestTelemetry } from '../telemetry/request-telemetry.js';
import { runInScope, type WorkScope } from '../telemetry/work-scope.js';
import type { DecidedRoute } from './route-rules.js';

export interface EntranceOptions {
  readonly tokens: TenantTokens;
  readonly routes: RoutingTable;
  /** Needed by `@RequireEntitlement`; the service does not start without it where that is used. */
  readonly entitlements?: Entitlements;
  /** Needed by `@RateLimited`. */
  readonly limits?: RateLimits;
}

interface Admitted {
  readonly context: TenantContext;
  readonly scope: WorkScope;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** For whom the request is; absent on public routes and before the entrance. */
    admitted?: (Admitted & { readonly span: Span }) | undefined;
  }
}

/**
 * Decides about every request before its body is read: token, tenant's standing, limit, role, entitlement. What is
 * admitted then runs for its tenant, filters of exceptions included. Denied is the default: a route without a rule,
 * registered behind Nest's back, answers 500.
 */
export function guardEntrance(fastify: FastifyInstance, options: EntranceOptions): void {
  const telemetry = new RequestTelemetry();
  fastify.decorateRequest('admitted', undefined);
  fastify.addHook('onRequest', (request, reply, done) => {
    if (request.is404) return done();
    const rule = request.routeOptions.config.tenancy;
    if (rule === undefined) return done(new Error('The route has no rule'));
    if (rule.public) return done();
    const enter = (admitted: Admitted): void => {
      const { context, scope } = admitted;
      const span = telemetry.begin(scope, request.headers);
      request.admitted = { context, scope, span };
      telemetry.within(span, () => runInScope(scope, () => runWithTenant(context, done)));
    };
    admit(options, rule, request, reply).then(enter, done);
    return undefined;
  });
  fastify.addHook('onResponse', async ({ admitted, method }, { statusCode, elapsedTime }) => {
    if (admitted) telemetry.end(admitted.span, admitted.scope, { method, status: statusCode, durationMs: elapsedTime });
  });
}

async function admit(
  { tokens, routes, limits, entitlements }: EntranceOptions,
  rule: DecidedRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Admitted> {
  const context = await tokens.verify(bearerOf(request));
  const { tenantId, tokenId } = context;
  const { epoch } = routes.resolve(tenantId);
  if (rule.rateClass !== undefined && limits) {
    const { headers, refusal } = limits.take(tenantId, rule.rateClass);
    reply.headers({ ...headers });
    if (refusal) throw refusal;
  }
  if (rule.roles && !rule.roles.some((role) => context.roles.includes(role))) throw forbidden();
  for (const module of rule.modules ?? []) entitlements?.require(tenantId, module);
  return { context, scope: { tenantId, epoch, operation: rule.operation, requestId: request.id, tokenId } };
}

function bearerOf({ headers: { authorization } }: FastifyRequest): string {
  const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw new BulkheadError({
    code: 'tenant_token_missing',
    status: 401,
    publicMessage: 'The request carries no token.',
    remediation: 'Send Authorization: Bearer with a token of the tenant for this service.',
  });
}

function forbidden(): BulkheadError {
  return new BulkheadError({
    code: 'forbidden',
    status: 403,
    publicMessage: 'Your roles do not allow this.',
    remediation: 'Ask an administrator of the tenant for a role that does.',
  });
}
