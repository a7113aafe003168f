import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { TENANT_TOKEN_ALGORITHM, TENANT_TOKEN_TYPE } from '@bulkhead/domain/context';
import { BulkheadError, waitFor } from '@bulkhead/kernel';
import { Body, Controller, Get, Post, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { currentTenant } from '../context/tenant-context.js';
import { TenantTokens } from '../context/tenant-tokens.js';
import { entitlementSet, fixedEntitlements } from '../entitlements/entitlement-set.js';
import { Entitlements } from '../entitlements/entitlements.js';
import { RateLimits } from '../limits/rate-limits.js';
import { fixedRoutes, type RouteStatus } from '../routing/route.js';
import { RoutingTable } from '../routing/routing-table.js';
import { workFields } from '../telemetry/work-scope.js';
import { ForTenant, Public, RateLimited, RequireEntitlement, RequireRole, TenancyModule } from './index.js';
import type { TenancyModuleOptions } from './tenancy.module.js';

const KEYS = await generateKeyPair(TENANT_TOKEN_ALGORITHM);
const CANARY = 'canary-7f3a9c';
let bodyRead = 0;

@RequireEntitlement('charting')
@Controller('patients')
class Patients {
  @Get()
  list() {
    return { tenant: currentTenant().tenantId, fields: workFields() };
  }

  @Post()
  @RequireRole('clinician')
  async create(@Body() body: { wait?: boolean }) {
    bodyRead++;
    if (body.wait) await new Promise((resolve) => setTimeout(resolve, 5));
    return { tenant: currentTenant().tenantId, operation: workFields().operation };
  }

  @Get('claims')
  @RequireEntitlement('claims')
  claims() {
    return 'never';
  }

  @Get('slow')
  @RateLimited('search')
  search() {
    return 'found';
  }
}

@Controller()
class Others {
  @Get('health')
  @Public()
  health() {
    return { fields: workFields() };
  }

  @Get('broken')
  @ForTenant()
  broken() {
    throw new TypeError(CANARY);
  }
}

@Controller('open')
class Undecided {
  @Get()
  @RateLimited('search')
  nobodyDecided() {
    return 'leak';
  }
}

const STATUSES: Record<string, RouteStatus> = {
  ten_a: 'active',
  ten_b: 'active',
  ten_s: 'suspended',
  ten_m: 'maintenance',
};
let options: TenancyModuleOptions;
let app: NestFastifyApplication;
const seen: { code: string; fields: object }[] = [];

async function start(controllers: Type[], given: TenancyModuleOptions): Promise<NestFastifyApplication> {
  class Root {}
  const started = await NestFactory.create<NestFastifyApplication>(
    { module: Root, imports: [TenancyModule.forRoot(given)], controllers },
    new FastifyAdapter(),
    { logger: false, abortOnError: false },
  );
  await started.init();
  await started.getHttpAdapter().getInstance().ready();
  return started;
}

beforeAll(async () => {
  const jwk = { ...(await exportJWK(KEYS.publicKey)), kid: 'k', alg: TENANT_TOKEN_ALGORITHM };
  const set = entitlementSet(['charting'], { apiRequestsPerMinute: 6 });
  const entitlements = await Entitlements.open(
    fixedEntitlements(['ten_a', 'ten_b'].map((tenantId) => ({ tenantId, set }))),
  );
  options = {
    tokens: new TenantTokens({ issuer: 'i', audience: 'clinic', keys: { keys: [jwk] }, isRevoked: () => false }),
    routes: await RoutingTable.open(
      fixedRoutes(
        Object.entries(STATUSES).map(([tenantId, status]) => ({ tenantId, home: 'cel_1', epoch: 3, status })),
      ),
    ),
    entitlements,
    limits: new RateLimits({
      entitlements,
      classes: { search: { quota: 'apiRequestsPerMinute', share: 0.5 } },
      instances: 1,
    }),
    onProblem: ({ code }) => seen.push({ code, fields: workFields() }),
  };
  app = await start([Patients, Others], options);
});
afterAll(async () => {
  await app?.close();
  await options?.routes.close();
  await options?.entitlements?.close();
});

async function tokenFor(tenant: string, roles: string[] = []): Promise<string> {
  return new SignJWT({ tenant, kind: 'person', roles })
    .setProtectedHeader({ alg: TENANT_TOKEN_ALGORITHM, typ: TENANT_TOKEN_TYPE, kid: 'k' })
    .setIssuer('i')
    .setAudience('clinic')
    .setSubject('usr_1')
    .setJti(`tok_${tenant}`)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(KEYS.privateKey);
}

async function call(url: string, token?: string, payload?: object) {
  return app.inject({
    method: payload === undefined ? 'GET' : 'POST',
    url,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(payload && { payload }),
  });
}

describe('the tenancy module', () => {
  it('runs a handler for the token’s tenant, before and after its awaits, with a body or without', async () => {
    const listed = await call('/patients', await tokenFor('ten_a'));
    expect(listed.json()).toMatchObject({
      tenant: 'ten_a',
      fields: {
        tenantId: 'ten_a',
        epoch: 3,
        operation: 'Patients.list',
        tokenId: 'tok_ten_a',
        requestId: expect.any(String),
      },
    });
    const calls = ['ten_a', 'ten_b', 'ten_a', 'ten_b'].map(async (tenant) => {
      const answer = await call('/patients', await tokenFor(tenant, ['clinician']), { wait: true });
      expect(answer.json()).toEqual({ tenant, operation: 'Patients.create' });
    });
    await Promise.all(calls);
  });

  it('keeps the tenant when the body comes late, over a real connection', async () => {
    const { port } = (await app.listen(0, '127.0.0.1'), app.getHttpServer().address() as AddressInfo);
    const authorization = `Bearer ${await tokenFor('ten_b', ['clinician'])}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const sent = request({ host: '127.0.0.1', port, path: '/patients', method: 'POST', headers });
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    const received = once(app.getHttpServer(), 'request') as Promise<[IncomingMessage]>;
    sent.write('{"wait":');
    const [incoming] = await received;
    await waitFor('the body to be awaited', () => incoming.listenerCount('data') > 0, { intervalMs: 5 });
    sent.end('true}');
    const [answer] = await answered;
    expect(await json(answer)).toEqual({ tenant: 'ten_b', operation: 'Patients.create' });
  });

  it('refuses before the body is read whoever has no valid token, role or entitlement', async () => {
    bodyRead = 0;
    const cases: [string, string | undefined, number, string][] = [
      ['/patients', undefined, 401, 'tenant_token_missing'],
      ['/patients', 'forged', 401, 'tenant_token_invalid'],
      ['/patients', await tokenFor('ten_a'), 403, 'forbidden'],
    ];
    for (const [url, token, status, errorCode] of cases) {
      const answer = await app.inject({
        method: 'POST',
        url,
        headers: { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
        payload: '{ not even json',
      });
      expect(answer.json()).toMatchObject({ status, errorCode, type: `urn:bulkhead:problem:${errorCode}` });
      expect(answer.headers['content-type']).toContain('application/problem+json');
    }
    expect(bodyRead).toBe(0);
    expect((await call('/patients/claims', await tokenFor('ten_a'))).json()).toMatchObject({
      status: 403,
      errorCode: 'not_entitled',
    });
  });

  it('refuses suspended tenants, maintenance and strangers at once', async () => {
    for (const [tenant, status, errorCode] of [
      ['ten_s', 403, 'tenant_suspended'],
      ['ten_m', 503, 'tenant_maintenance'],
      ['ten_x', 404, 'tenant_unknown'],
    ] as const)
      expect((await call('/patients', await tokenFor(tenant))).json()).toMatchObject({ status, errorCode });
  });

  it('limits each tenant by its plan, says so in headers, and lets the others go on', async () => {
    const token = await tokenFor('ten_a');
    for (const left of [2, 1, 0]) {
      const answer = await call('/patients/slow', token);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({
        'ratelimit-policy': '"search";q=3;w=60',
        ratelimit: expect.stringMatching(`^"search";r=${left};t=\\d+$`),
      });
    }
    const refused = await call('/patients/slow', token);
    expect(refused.json()).toMatchObject({ status: 429, errorCode: 'rate_limited', retryable: true });
    expect(refused.headers).toMatchObject({
      'retry-after': expect.stringMatching(/^(1\d|2\d)$/),
      ratelimit: expect.stringMatching(/^"search";r=0;t=\d+$/),
    });
    expect((await call('/patients/slow', await tokenFor('ten_b'))).statusCode).toBe(200);
  });

  it('lets anyone reach what is public, without a tenant', async () => {
    expect((await call('/health')).json()).toEqual({ fields: {} });
    expect((await call('/nowhere')).json()).toMatchObject({ status: 404, errorCode: 'not_found' });
  });

  it('tells nothing of a fault, and reports it with the tenant that it happened to', async () => {
    const answer = await call('/broken', await tokenFor('ten_b'));
    expect(answer.json()).toMatchObject({ status: 500, errorCode: 'internal' });
    expect(answer.body).not.toContain(CANARY);
    expect(seen.at(-1)).toMatchObject({ code: 'internal', fields: { tenantId: 'ten_b', operation: 'Others.broken' } });
  });

  it('reports a body that cannot be read with the tenant that sent it', async () => {
    const headers = {
      authorization: `Bearer ${await tokenFor('ten_b', ['clinician'])}`,
      'content-type': 'application/json',
    };
    const answer = await app.inject({ method: 'POST', url: '/patients', headers, payload: `{ ${CANARY}` });
    expect(answer.json()).toMatchObject({ status: 400, errorCode: 'bad_request' });
    expect(answer.body).not.toContain(CANARY);
    expect(seen.at(-1)).toMatchObject({ code: 'bad_request', fields: { tenantId: 'ten_b' } });
  });

  it('does not start with a route that says nothing of who may call it', async () => {
    await expect(start([Patients, Undecided], options)).rejects.toThrow('Undecided.nobodyDecided does not say');
  });

  it('does not start when what a route requires cannot be decided', async () => {
    const { tokens, routes, entitlements } = options;
    await expect(start([Patients], { tokens, routes })).rejects.toThrow('there are no entitlements');
    await expect(start([Patients], { tokens, routes, entitlements: entitlements! })).rejects.toThrow(
      'no such rate class',
    );
  });

  it('answers nothing at a route that was registered behind its back', async () => {
    const bare = await NestFactory.create<NestFastifyApplication>(
      { module: class Root {}, imports: [TenancyModule.forRoot(options)] },
      new FastifyAdapter(),
      { logger: false },
    );
    bare
      .getHttpAdapter()
      .getInstance()
      .get('/raw', () => CANARY);
    await bare.init();
    const answer = await bare.inject({ method: 'GET', url: '/raw' });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain(CANARY);
    await bare.close();
  });

  it('keeps a tenant’s context out of the next request', async () => {
    const thrown = () => currentTenant();
    await call('/patients', await tokenFor('ten_a'));
    expect(thrown).toThrow(BulkheadError);
    expect((await call('/health')).json()).toEqual({ fields: {} });
  });
});
