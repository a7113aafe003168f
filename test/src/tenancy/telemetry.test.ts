import { TENANT_TOKEN_ALGORITHM, TENANT_TOKEN_TYPE } from '@bulkhead/domain/context';
import { waitFor } from '@bulkhead/kernel';
import { createLogger, nestLogger, type Logger } from '@bulkhead/runtime';
import { fixedRoutes, RoutingTable, TenantTokens, workFields } from '@bulkhead/tenancy';
import { ForTenant, TenancyModule } from '@bulkhead/tenancy/nest';
import { Body, Controller, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { metrics, trace, type Attributes, type Meter, type Tracer } from '@opentelemetry/api';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

// What leaves the process about a request must name its tenant, and never what the request holds.
const CANARY = 'canary-7f3a9c';

let text = '';
const spans: { name: string; attributes: Attributes; ended: boolean }[] = [];
const figures: { name: string; value: number; attributes: Attributes }[] = [];
const logger: Logger = createLogger(
  { name: 'clinic', level: 'trace', bind: workFields },
  { write: (line) => void (text += line) },
);

@Controller('patients')
class Patients {
  @Post(':id')
  @ForTenant()
  async create(@Param('id') id: string, @Body() body: { name: string }) {
    logger.info('Found a patient.', { count: 1, ...({ name: body.name, id, body } as object) });
    await new Promise((resolve) => setTimeout(resolve, 1));
    logger.warn('Something was slow.', { error: new Error(body.name) });
    throw new TypeError(`${body.name} is not a name`);
  }
}

class Root {}
let app: NestFastifyApplication;
let routes: RoutingTable;
let token: string;

function recordTelemetry(): void {
  const tracer = {
    startSpan(name: string, { attributes = {} }: { attributes?: Attributes } = {}) {
      const span = { name, attributes: { ...attributes }, ended: false };
      spans.push(span);
      return {
        ...trace.wrapSpanContext({ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 }),
        setAttributes: (more: Attributes) => Object.assign(span.attributes, more),
        setStatus: () => undefined,
        end: () => (span.ended = true),
      };
    },
  };
  const instrument = (name: string) => {
    const record = (value: number, attributes: Attributes) => figures.push({ name, value, attributes });
    return { record, add: record };
  };
  trace.setGlobalTracerProvider({ getTracer: () => tracer as unknown as Tracer });
  const meter = { createHistogram: instrument, createCounter: instrument };
  metrics.setGlobalMeterProvider({ getMeter: () => meter as unknown as Meter });
}

beforeAll(async () => {
  recordTelemetry();
  const keys = await generateKeyPair(TENANT_TOKEN_ALGORITHM);
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: TENANT_TOKEN_ALGORITHM };
  routes = await RoutingTable.open(fixedRoutes([{ tenantId: 'ten_a', home: 'cel_1', epoch: 3, status: 'active' }]));
  const tokens = new TenantTokens({ issuer: 'i', audience: 'clinic', keys: { keys: [jwk] }, isRevoked: () => false });
  const module = TenancyModule.forRoot({
    tokens,
    routes,
    onProblem: (error) => logger.error('A request failed.', { code: error.code, error }),
  });
  app = await NestFactory.create<NestFastifyApplication>(
    { module: Root, imports: [module], controllers: [Patients] },
    new FastifyAdapter(),
    { logger: nestLogger(logger) },
  );
  await app.init();
  token = await new SignJWT({ tenant: 'ten_a', kind: 'person', roles: [] })
    .setProtectedHeader({ alg: TENANT_TOKEN_ALGORITHM, typ: TENANT_TOKEN_TYPE, kid: 'k' })
    .setIssuer('i')
    .setAudience('clinic')
    .setSubject('usr_1')
    .setJti('tok_1')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(keys.privateKey);
});
afterAll(async () => {
  await app?.close();
  await routes?.close();
  trace.disable();
  metrics.disable();
});

describe('what leaves the process about a request', () => {
  let lines: Record<string, unknown>[];
  let answered: unknown;
  beforeAll(async () => {
    text = '';
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as { port: number };
    const answer = await fetch(`http://127.0.0.1:${port}/patients/${CANARY}?q=${CANARY}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-name': CANARY },
      body: JSON.stringify({ name: CANARY }),
    });
    answered = await answer.json();
    // The answer may arrive before its end has been booked.
    await waitFor('the figures', () => figures.length === 2);
    lines = text.split('\n').flatMap((line) => (line ? [JSON.parse(line) as Record<string, unknown>] : []));
  });

  it('is log lines that all name tenant, epoch, operation and token id', () => {
    const ours = lines.filter(({ msg }) => /patient|slow|failed/.test(String(msg)));
    expect(ours).toHaveLength(3);
    for (const line of ours)
      expect(line).toMatchObject({ tenantId: 'ten_a', epoch: 3, operation: 'Patients.create', tokenId: 'tok_1' });
  });

  it('is one ended span and two figures, with a tenant only where series stay few', () => {
    expect(spans).toEqual([
      {
        name: 'Patients.create',
        ended: true,
        attributes: {
          'tenant.id': 'ten_a',
          'bulkhead.epoch': 3,
          'bulkhead.operation': 'Patients.create',
          'http.request.method': 'POST',
          'http.response.status_code': 500,
        },
      },
    ]);
    const attributes = {
      'bulkhead.operation': 'Patients.create',
      'http.request.method': 'POST',
      'http.response.status_code': 500,
    };
    expect(figures).toEqual([
      { name: 'bulkhead.request.duration', value: expect.any(Number), attributes },
      { name: 'bulkhead.tenant.requests', value: 1, attributes: { 'tenant.id': 'ten_a', outcome: '5xx' } },
    ]);
  });

  it('holds nothing of address, headers, body or the error’s text, nor the token', () => {
    expect(answered).toMatchObject({ status: 500, errorCode: 'internal' });
    const everything = `${text}${JSON.stringify(spans)}${JSON.stringify(figures)}`;
    expect(everything).not.toContain(CANARY);
    expect(everything).not.toContain(token.slice(-40));
  });
});
