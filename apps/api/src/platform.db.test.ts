import { randomUUID } from 'node:crypto';
import { CatalogCommandsModule, CommandGate, GateModule, PublishTemplates, RecordLandingZone } from '@bulkhead/control';
import { growth, storedRows, WORKER_CALL } from '@bulkhead/control/testing';
import { templateDigest, type TierTemplate } from '@bulkhead/domain';
import { openControlDatabase } from '@bulkhead/store';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { ApiFixture, tenantBody, TOKEN_ISSUER } from './testing/api.fixture.js';

let api: ApiFixture;
beforeAll(async () => {
  api = await ApiFixture.start();
});
afterAll(() => api.stop());

describe('landing zones and cells', () => {
  it('come in this order: a cell needs the region’s landing zone', async () => {
    const cell = { name: 'east-a', region: 'us-east-1', capacity: 10 };
    const early = await api.effectOf(() => api.post('/v1/cells', cell));
    expect(early).toMatchObject({
      answer: { status: 409, body: { errorCode: 'landing_zone_missing' } },
      grown: { audit_queue: 1 },
    });

    const zone = await api.post('/v1/landing-zones', { region: 'us-east-1' });
    expect(zone).toMatchObject({
      status: 202,
      headers: { location: `/v1/operations/${zone.body.operation.id}` },
      body: {
        landingZone: {
          region: 'us-east-1',
          state: 'provisioning',
          auditBucket: 'test-audit-us-east-1',
          logBucket: 'test-logs-us-east-1',
          auditLockDays: 2192,
        },
      },
    });
    expect((await api.post('/v1/cells', cell)).body.errorCode).toBe('landing_zone_missing');
    await api.asWorker(new RecordLandingZone({ region: 'us-east-1', active: true }));
    await api.finish(zone.body.operation.id);
    expect((await api.get('/v1/landing-zones/us-east-1')).body.state).toBe('active');
    expect((await api.get('/v1/landing-zones')).body.data).toHaveLength(1);

    const created = await api.effectOf(() => api.post('/v1/cells', cell));
    expect(created).toMatchObject({
      answer: { status: 202, body: { cell: { ...cell, state: 'provisioning', id: expect.stringMatching(/^cel_/) } } },
      grown: { cells: 1, operations: 1, operation_steps: 2, outbox: 1, audit_queue: 1, idempotency_keys: 1 },
    });
    const { id } = created.answer.body.cell;
    expect((await api.get(`/v1/cells/${id}`)).body).toEqual(created.answer.body.cell);
    expect((await api.get('/v1/cells?region=us-east-1&state=provisioning')).body.data).toHaveLength(1);
    expect((await api.post('/v1/cells', cell)).body).toMatchObject({ status: 409, errorCode: 'cell_name_taken' });
  });

  it('a cell keeps things as long as the strictest tier that shares a layer promises', async () => {
    const client = new pg.Client(api.database.superuserUrl);
    await client.connect();
    const { rows } = await client.query(
      `select spec->'retention' as retention from control.cells where name = 'east-a'`,
    );
    await client.end();
    expect(rows).toEqual([{ retention: { backupDays: 35, objectVersionDays: 90, logDays: 2192 } }]);
  });

  it('a landing zone is applied again as it was, one operation at a time', async () => {
    const again = await api.effectOf(() => api.post('/v1/landing-zones', { region: 'us-east-1' }));
    expect(again).toMatchObject({
      answer: { status: 202, body: { landingZone: { state: 'active' } } },
      grown: { operations: 1 },
    });
    expect((await api.post('/v1/landing-zones', { region: 'us-east-1' })).body).toMatchObject({
      status: 409,
      errorCode: 'operation_in_progress',
    });
    await api.finish(again.answer.body.operation.id);
    expect((await api.post('/v1/landing-zones', { region: 'us-east-1', auditLockDays: 30 })).body).toMatchObject({
      status: 409,
      errorCode: 'landing_zone_differs',
      remediation: expect.stringContaining('2192'),
    });
  });
});

describe('the catalogue', () => {
  it('shows the newest version of each tier and plan, and all versions of one', async () => {
    const tiers = (await api.get('/v1/tiers')).body.data;
    expect(tiers.map(({ name }: { name: string }) => name)).toEqual([
      'dedicated',
      'hybrid-database',
      'hybrid-storage',
      'pooled',
    ]);
    expect((await api.get('/v1/tiers/pooled')).body.versions[0]).toMatchObject({
      version: 1,
      layers: { database: 'shared' },
      digest: expect.stringMatching(/^sha256:/),
    });
    expect((await api.get('/v1/plans')).body.data).toHaveLength(3);
    expect((await api.get('/v1/plans/clinic-per-provider')).body.versions[0]).toMatchObject({
      currency: 'USD',
      publishedAt: expect.stringMatching(/Z$/),
    });
  });

  it('takes a new version, refuses a changed one and then stores nothing of the publication', async () => {
    const {
      digest: _,
      publishedAt: __,
      ...pooled
    } = (await api.get('/v1/tiers/pooled')).body.versions[0] as TierTemplate & Record<string, unknown>;
    const published = (body: TierTemplate) => ({ body, digest: templateDigest(body) });
    const next = { ...pooled, version: 2, title: 'Pooled, better' } as TierTemplate;
    const changed = { ...pooled, title: 'Something else' } as TierTemplate;
    const source = await openControlDatabase(api.database.workerUrl, 2);
    const context = await NestFactory.createApplicationContext(
      { module: CatalogCommandsModule, imports: [GateModule.over(source)] },
      { logger: false },
    );
    const publish = (...tiers: TierTemplate[]) =>
      context
        .get(CommandGate, { strict: false })
        .execute(
          new PublishTemplates({ tiers: tiers.map(published), plans: [], eligibility: [], prices: [] }),
          WORKER_CALL,
        );
    try {
      const before = await storedRows(api.database.superuserUrl);
      await expect(publish(next, changed)).rejects.toMatchObject({
        code: 'published_version_changed',
        status: 409,
        publicMessage: expect.stringContaining('pooled@1'),
      });
      expect(growth(before, await storedRows(api.database.superuserUrl))).toEqual({ audit_queue: 1 });
      expect(await publish(next, pooled as TierTemplate)).toMatchObject({ tiers: ['pooled@2'], plans: [] });
      expect(await publish(next)).toEqual({ tiers: [], plans: [], eligibility: [], prices: [] });
    } finally {
      await context.close();
      await source.destroy();
    }
    expect((await api.get('/v1/tiers')).body.data[3]).toMatchObject({ name: 'pooled', version: 2 });
    await api.standUpRegion('us-west-2');
    const { tenant } = (await api.post('/v1/tenants', tenantBody({ region: 'us-west-2' }))).body;
    expect(tenant.tier).toEqual({ name: 'pooled', version: 2 });
  });
});

describe('health', () => {
  it('answers without a token', async () => {
    expect(await api.get('/v1/health', { token: null })).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await api.get('/v1/health/ready', { token: null })).toMatchObject({
      status: 200,
      body: { ready: true, checks: { database: 'up' } },
    });
  });
});

it('says to anybody which identity provider it trusts (RFC 9728)', async () => {
  expect((await api.get('/.well-known/oauth-protected-resource', { token: null })).body).toEqual({
    resource: TOKEN_ISSUER,
    resource_name: 'Bulkhead',
    authorization_servers: [api.issuer.url],
    bearer_methods_supported: ['header'],
  });
});

describe('the OpenAPI document', () => {
  it('is 3.1, describes every route with its answers and refusals, and is the same for another instance', async () => {
    const first = await api.get('/v1/openapi.json', { token: null });
    expect(first.body.openapi).toBe('3.1.0');
    // Forms of OpenAPI 3.0 and numbers with fractions.
    expect(first.text).not.toMatch(/"nullable"|"type":"number"/);
    const operations = Object.entries<Record<string, Record<string, unknown>>>(first.body.paths).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ what: `${method} ${path}`, method, ...operation })),
    ) as {
      what: string;
      method: string;
      operationId: string;
      responses: Record<string, object>;
      parameters: { name: string }[];
      security?: object[];
    }[];
    // A document without routes would pass everything below.
    expect(operations.length).toBeGreaterThanOrEqual(70);
    for (const { what, method, responses, parameters, security } of operations.filter(
      (one) => !/health|jwks/.test(one.what),
    )) {
      expect([what, Object.keys(responses)]).toEqual([what, expect.arrayContaining(['401', '403', '429'])]);
      expect([what, security?.length]).toEqual([what, 2]);
      expect([what, method === 'post' && !parameters.some(({ name }) => name === 'Idempotency-Key')]).toEqual([
        what,
        false,
      ]);
    }
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    const other = await ApiFixture.start();
    try {
      expect((await other.get('/v1/openapi.json')).text).toBe(first.text);
    } finally {
      await other.stop();
    }
  });
});

describe('audit', () => {
  it('is empty before the first checkpoint, in the same shape as any 404', async () => {
    expect((await api.get('/v1/audit/events')).body).toEqual({ data: [], hasMore: false });
    expect((await api.get('/v1/audit/checkpoint')).body).toMatchObject({
      status: 404,
      errorCode: 'audit_checkpoint_not_found',
    });
    expect((await api.get('/v1/audit/export')).body).toMatchObject({ status: 404, errorCode: 'audit_log_empty' });
    expect((await api.get(`/v1/audit/events?entry=${randomUUID()}&action=tenant.create&limit=1`)).status).toBe(200);
  });
});
