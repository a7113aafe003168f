import { principalName, type Principal, type RouteAccess } from '@bulkhead/control';
import { BulkheadError } from '@bulkhead/kernel';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticator } from './authenticator.js';
import type { RateLimits } from './rate-limits.js';

/** What is decided before a request's body is read. Filled in once the application has been put together. */
export interface Entrance {
  authenticator?: Authenticator;
  limits?: RateLimits;
}

/**
 * Refuses a route that does not declare who may call it, at start, and every caller who may not, before the body is
 * read. Denied is the default: a request that reaches this without a declared route is a bug and answers 500.
 */
export function guardEntrance(fastify: FastifyInstance, entrance: Entrance): void {
  fastify.addHook('onRoute', ({ method, url, config }) => {
    if (!config?.access)
      throw new Error(`${String(method)} ${url} does not say who may call it: add @Sends, @Deletes, @Allow or @Public`);
  });
  fastify.addHook('onRequest', async (request, reply) => {
    reply
      .header('x-request-id', request.id)
      .header('cache-control', 'no-store')
      .header('x-content-type-options', 'nosniff');
    if (request.is404) return;
    const { access } = request.routeOptions.config;
    const { authenticator, limits } = entrance;
    if (!access || !authenticator || !limits) throw new Error('The route has no access rule');
    if (access.roles === 'public') return;
    const principal = await identify(request, authenticator, limits);
    // Known from here on, so that a refusal of what follows names the caller in the audit log.
    request.call = { principal, requestId: request.id };
    await limits.request(principalName(principal));
    authorise(principal, access);
    if (request.method === 'POST') request.call = { ...request.call, idempotencyKey: idempotencyKey(request) };
  });
}

async function identify(request: FastifyRequest, authenticator: Authenticator, limits: RateLimits): Promise<Principal> {
  await limits.address(request.ip);
  try {
    return await authenticator.principal(request.headers.authorization);
  } catch (error) {
    if (error instanceof BulkheadError && error.status === 401) await limits.failure(request.ip);
    throw error;
  }
}

function authorise({ roles }: Principal, access: RouteAccess): void {
  if (access.roles === 'public' || roles.some((role) => access.roles.includes(role))) return;
  throw new BulkheadError({
    code: 'forbidden',
    status: 403,
    publicMessage: access.action ? `Your roles do not allow ${access.action}.` : 'Your roles do not allow this.',
    remediation: `Ask a platform admin for one of these roles: ${access.roles.join(', ')}.`,
  });
}

function idempotencyKey({ headers }: FastifyRequest): string {
  const key = headers['idempotency-key'];
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new BulkheadError({
    code: key === undefined ? 'idempotency_key_missing' : 'invalid_idempotency_key',
    status: 400,
    publicMessage: 'A POST needs an Idempotency-Key header of 1 to 255 visible ASCII characters.',
    remediation: 'Send a new UUID as Idempotency-Key, and the same one when you repeat the request.',
  });
}
