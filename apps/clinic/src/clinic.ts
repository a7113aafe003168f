import { randomUUID } from 'node:crypto';
import { nestLogger, type Logger } from '@bulkhead/runtime';
import {
  RateLimits,
  type Entitlements,
  type RoutingTable,
  type TenantDatabases,
  type TenantKeys,
  type TenantQueues,
  type TenantStorage,
  type TenantTokens,
} from '@bulkhead/tenancy';
import { ProblemFilter, type ProblemListener } from '@bulkhead/tenancy/nest';
import { NestFactory } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ClinicModule } from './clinic.module.js';
import { ClinicDatabase } from './database/clinic-database.js';
import { RATE_CLASS } from './http/access.js';
import { RequestPipe } from './http/request-pipe.js';
import { openapiDocument } from './openapi.js';
import { Phi } from './phi/phi.js';

export interface ClinicOptions {
  readonly databases: TenantDatabases;
  readonly routes: RoutingTable;
  readonly entitlements: Entitlements;
  readonly tokens: TenantTokens;
  readonly keys: Pick<TenantKeys, 'encrypt' | 'decrypt'>;
  readonly storage: Pick<TenantStorage, 'put' | 'get' | 'delete'>;
  readonly queues: Pick<TenantQueues, 'send'>;
  readonly logger: Logger;
}

/** Room for the largest document in base64 and the little around it. */
const BODY_LIMIT = 6 * 1024 * 1024;

/** Puts the service together; the caller listens and closes, and closes what the options hold. */
export async function createClinic(options: ClinicOptions): Promise<NestFastifyApplication> {
  const { databases, routes, entitlements, tokens, keys, storage, queues, logger } = options;
  const onProblem: ProblemListener = (error, { id }) => {
    if (error.status >= 500) logger.error('A request failed.', { requestId: id, code: error.code, error });
  };
  const adapter = adapterWith(onProblem);
  const fastify = adapter.getInstance<FastifyInstance>();
  fastify.removeContentTypeParser('text/plain');
  guardAnswers(fastify);
  logRequests(fastify, logger);
  const classes = { [RATE_CLASS]: { quota: 'apiRequestsPerMinute' } };
  const limits = new RateLimits({ entitlements, classes, instances: 1 });
  const parts = { database: new ClinicDatabase(databases), phi: new Phi(keys), storage, queues };
  const module = ClinicModule.of({ tokens, routes, entitlements, limits, onProblem }, parts);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: nestLogger(logger),
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.useGlobalPipes(new RequestPipe());
  const document = JSON.stringify(openapiDocument(app));
  const access = { config: { tenancy: { public: true, operation: 'openapi' } } } as const;
  fastify.get('/openapi.json', access, (_request, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(document),
  );
  await app.init();
  await fastify.ready();
  return app;
}

function adapterWith(onProblem: ProblemListener): FastifyAdapter {
  const filter = new ProblemFilter(onProblem);
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 255 },
    // What the router refuses before any filter of Nest runs, such as a malformed address.
    frameworkErrors: (fault: Error, request: FastifyRequest, reply: FastifyReply) => {
      const host = new ExecutionContextHost([request, reply]);
      filter.catch(fault, host);
    },
  });
}

/** No cache keeps an answer: it may be PHI. */
function guardAnswers(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async ({ id }, reply) => {
    reply.header('x-request-id', id).header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
}

/** The route's template, never the address: a search holds a name. */
function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.addHook('onResponse', async ({ id, method, routeOptions, admitted }, reply) => {
    const { context } = admitted ?? {};
    logger.info('Answered a request.', {
      requestId: id,
      method,
      route: routeOptions.url ?? '(unknown)',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
      ...(context && { tenantId: context.tenantId, principal: `${context.subject.kind}:${context.subject.id}` }),
    });
  });
}
