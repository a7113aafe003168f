import { randomUUID } from 'node:crypto';
import { nestLogger, type Logger } from '@bulkhead/runtime';
import type { TenantDatabases, TenantTokens } from '@bulkhead/tenancy';
import { NestFactory, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ClinicModule } from './clinic.module.js';
import { ClinicDatabase } from './database/clinic-database.js';
import { answerProblem, ProblemFilter, publicError } from './http/problems.js';
import { RequestPipe } from './http/request-pipe.js';
import { TenantEntrance } from './http/tenant-entrance.js';
import { openapiDocument } from './openapi.js';

export interface ClinicOptions {
  readonly databases: TenantDatabases;
  readonly tokens: TenantTokens;
  readonly logger: Logger;
}

const BODY_LIMIT = 64 * 1024;

/** Puts the service together; the caller listens and closes. */
export async function createClinic({ databases, tokens, logger }: ClinicOptions): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 255 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      answerProblem(publicError(error), request, reply),
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  fastify.removeContentTypeParser('text/plain');
  guardAnswers(fastify);
  logRequests(fastify, logger);
  const app = await NestFactory.create<NestFastifyApplication>(
    ClinicModule.over(new ClinicDatabase(databases)),
    adapter,
    {
      logger: nestLogger(logger),
      bodyParser: false,
      abortOnError: false,
      forceCloseConnections: true,
    },
  );
  app.useGlobalInterceptors(new TenantEntrance(tokens, app.get(Reflector)));
  app.useGlobalPipes(new RequestPipe());
  app.useGlobalFilters(new ProblemFilter(logger));
  const document = JSON.stringify(openapiDocument(app));
  fastify.get('/openapi.json', (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(document),
  );
  await app.init();
  await fastify.ready();
  return app;
}

/** No cache keeps an answer: it may be PHI. */
function guardAnswers(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async ({ id }, reply) => {
    reply.header('x-request-id', id).header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
}

/** The route's template, never the address: a search holds a name. */
function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', async ({ id, method, routeOptions, tenant }, reply) => {
    logger.info('Answered a request.', {
      requestId: id,
      method,
      route: routeOptions.url ?? '(unknown)',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
      ...(tenant && { tenantId: tenant.tenantId, principal: `${tenant.subject.kind}:${tenant.subject.id}` }),
    });
  });
}
