import { randomUUID } from 'node:crypto';
import { ApiKeyReader, assertCommandsComplete, CommandGate, principalName } from '@bulkhead/control';
import { nestLogger, type Logger } from '@bulkhead/runtime';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiModule, type ApiModuleOptions } from './api.module.js';
import { Authenticator } from './auth/authenticator.js';
import { guardEntrance, type Entrance } from './auth/entrance.js';
import { OidcVerifier } from './auth/oidc-verifier.js';
import { RateLimits } from './auth/rate-limits.js';
import { allowFleetPlans } from './http/body-limits.js';
import { answerProblem, ProblemFilter } from './http/problem-filter.js';
import { BODY_LIMIT, publicError } from './http/public-error.js';
import { inspectInput } from './http/input-inspection.js';
import { RequestPipe } from './http/request-pipe.js';
import { RouteTable } from './http/route-table.js';
import { openapiDocument } from './openapi.js';

export interface ApiOptions extends ApiModuleOptions {
  readonly oidcIssuer: string;
  readonly oidcAudience: string;
  readonly requestsPerMinute: number;
  /** Proxies in front; without them every caller behind one would share one limit. */
  readonly trustedProxies?: readonly string[];
  readonly logger: Logger;
}

/**
 * Puts the API together; the caller listens and closes.
 * @throws Error when a route does not say who may call it, or a command lacks its policy, audit description or handler.
 */
export async function createApi(options: ApiOptions): Promise<NestFastifyApplication> {
  const entrance: Entrance = {};
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    requestTimeout: 30_000,
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    // inspectInput refuses such keys, with their place.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    routerOptions: { maxParamLength: 255 },
    // What the router refuses before any hook or filter runs, such as a malformed address.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      answerProblem(publicError(error), request, reply),
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  fastify.removeContentTypeParser('text/plain');
  const routes = new RouteTable(fastify);
  allowFleetPlans(fastify);
  guardEntrance(fastify, entrance);
  inspectInput(fastify);
  logRequests(fastify, options.logger);
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.of(options), adapter, {
    logger: nestLogger(options.logger),
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
  });
  assertCommandsComplete(app.get(ModulesContainer));
  entrance.limits = new RateLimits(options.requestsPerMinute);
  entrance.authenticator = new Authenticator(
    new OidcVerifier(options.oidcIssuer, options.oidcAudience),
    app.get(ApiKeyReader, { strict: false }),
  );
  app.useGlobalPipes(new RequestPipe());
  app.useGlobalFilters(new ProblemFilter(app.get(CommandGate), routes, options.logger));
  const document = JSON.stringify(openapiDocument(app));
  fastify.get('/v1/openapi.json', { config: { access: { roles: 'public' } } }, (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(document),
  );
  // RFC 9728: by it the command line finds the identity provider.
  const resource = {
    resource: options.tokenIssuer,
    resource_name: 'Bulkhead',
    authorization_servers: [options.oidcIssuer],
    bearer_methods_supported: ['header'],
  };
  fastify.get('/.well-known/oauth-protected-resource', { config: { access: { roles: 'public' } } }, (_request, reply) =>
    reply.send(resource),
  );
  await app.init();
  await fastify.ready();
  return app;
}

function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', async ({ id, method, routeOptions, call }, reply) => {
    logger.info('Answered a request.', {
      requestId: id,
      method,
      route: routeOptions.url ?? '(unknown)',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
      principal: call && principalName(call.principal),
    });
  });
}
