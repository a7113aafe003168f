import { randomUUID } from 'node:crypto';
import { ReservePlacement } from '@bulkhead/control';
import { ApiFixture, tenantBody } from './testing/api.fixture.js';

let api: ApiFixture;
beforeAll(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
});
afterAll(() => api.stop());

const ONBOARDED = {
  tenants: 1,
  subscriptions: 1,
  operations: 1,
  operation_steps: 9,
  outbox: 1,
  audit_queue: 1,
  idempotency_keys: 1,
};

describe('POST /v1/tenants', () => {
  it('records the tenant, promises its onboarding and says where to look', async () => {
    const body = tenantBody();
    const { answer, grown } = await api.effectOf(() => api.post('/v1/tenants', body));
    expect(answer.status).toBe(202);
    const { tenant, operation } = answer.body;
    expect(tenant).toMatchObject({
      id: expect.stringMatching(/^ten_/),
      slug: body['slug'],
      state: 'provisioning',
      environment: 'production',
      tier: { name: 'pooled', version: 1 },
      plan: { name: 'clinic-per-provider', version: 1 },
      partnerId: null,
      activatedAt: null,
    });
    expect(answer.headers['location']).toBe(`/v1/operations/${operation.id}`);
    expect(grown).toEqual(ONBOARDED);
    const found = await api.get(String(answer.headers['location']));
    expect(found.body).toMatchObject({
      kind: 'tenant.onboard',
      tenantId: tenant.id,
      subjectId: tenant.id,
      state: 'queued',
      requestedBy: 'user:ada',
    });
    expect(found.body.steps[0]).toMatchObject({ name: 'reserve_placement', ordinal: 1, state: 'pending', attempt: 0 });
    expect((await api.get(`/v1/tenants/${tenant.id}/subscription`)).body).toMatchObject({
      state: 'trial',
      quantity: 3,
      customerRef: null,
    });
    expect((await api.leaves()).at(-1)).toMatchObject({
      action: 'tenant.create',
      outcome: 'accepted',
      tenantId: tenant.id,
      operationId: operation.id,
      requestId: answer.headers['x-request-id'],
    });
  });

  it('onboards one tenant for 50 concurrent requests with one key', async () => {
    const body = tenantBody();
    const key = randomUUID();
    const before = await api.get('/v1/tenants?limit=100');
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.post('/v1/tenants', body, { key })));
    const accepted = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status !== 202);
    expect(accepted.length).toBeGreaterThan(0);
    expect(new Set(accepted.map(({ body: { tenant } }) => tenant.id)).size).toBe(1);
    expect(refused.filter(({ body: problem }) => problem.errorCode !== 'request_in_flight')).toEqual([]);
    const after = await api.get('/v1/tenants?limit=100');
    expect(after.body.data.length - before.body.data.length).toBe(1);
  });

  it('answers a repeated request the same way, and refuses its key for another', async () => {
    const body = tenantBody();
    const key = randomUUID();
    const first = await api.post('/v1/tenants', body, { key });
    const { answer, grown } = await api.effectOf(() => api.post('/v1/tenants', body, { key }));
    expect([answer.status, answer.body, answer.headers['location']]).toEqual([
      202,
      first.body,
      first.headers['location'],
    ]);
    expect(grown).toEqual({});
    const other = await api.effectOf(() => api.post('/v1/tenants', { ...body, quantity: 4 }, { key }));
    expect(other).toMatchObject({
      answer: { status: 422, body: { errorCode: 'idempotency_key_reused' } },
      grown: { audit_queue: 1 },
    });
  });

  it('rehearses with dry_run: says what would be, stores nothing, takes no key', async () => {
    const body = tenantBody({ tier: 'hybrid-storage', plan: 'practice-per-clinic' });
    const key = randomUUID();
    const { answer, grown } = await api.effectOf(() => api.post('/v1/tenants?dry_run=true', body, { key }));
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('location');
    expect(answer.body).toMatchObject({
      dryRun: true,
      tenant: { slug: body['slug'], tier: { name: 'hybrid-storage', version: 1 } },
      layers: { database: 'shared', storage: 'dedicated', key: 'dedicated', queue: 'shared' },
    });
    expect(answer.body.tenant).not.toHaveProperty('id');
    expect(grown).toEqual({});
    expect((await api.post('/v1/tenants', body, { key })).status).toBe(202);
    expect((await api.post('/v1/tenants?dry_run=true', body)).body).toMatchObject({ errorCode: 'slug_taken' });
  });

  it('needs no cell for a tenant whose layers are all its own', async () => {
    const own = { region: 'eu-central-1', tier: 'dedicated', plan: 'enterprise-health-system', quantity: 1 };
    const shared = await api.effectOf(() => api.post('/v1/tenants', tenantBody({ region: 'eu-central-1' })));
    expect(shared.answer).toMatchObject({ status: 409, body: { errorCode: 'no_cell_with_room' } });
    expect(shared.grown).toEqual({ audit_queue: 1 });
    expect((await api.post('/v1/tenants', tenantBody(own))).status).toBe(202);
  });

  it('refuses a shared placement once the region is full', async () => {
    await api.standUpRegion('us-west-2', 1);
    const first = await api.post('/v1/tenants', tenantBody({ region: 'us-west-2' }));
    const { tenant, operation } = first.body;
    await api.asWorker(new ReservePlacement({ operationId: operation.id, tenantId: tenant.id }));
    const second = await api.post('/v1/tenants', tenantBody({ region: 'us-west-2' }));
    expect(second).toMatchObject({
      status: 409,
      body: { errorCode: 'no_cell_with_room', remediation: expect.stringContaining('POST /v1/cells') },
    });
  });
});

describe('GET /v1/tenants', () => {
  it('pages through all of them, newest first, each once', async () => {
    for (let count = 0; count < 5; count++) await api.post('/v1/tenants', tenantBody());
    const all = (await api.get('/v1/tenants?limit=100')).body.data.map(({ id }: { id: string }) => id);
    expect(all).toEqual([...all].toSorted((a, b) => (a < b ? 1 : -1)));
    const paged: string[] = [];
    for (let after = '', more = true; more;) {
      const page = (await api.get(`/v1/tenants?limit=2${after}`)).body;
      paged.push(...page.data.map(({ id }: { id: string }) => id));
      more = page.hasMore;
      after = `&starting_after=${paged.at(-1)}`;
    }
    expect(paged).toEqual(all);
  });

  it('filters by state, tier and region, and searches names and slugs for plain text', async () => {
    const odd = tenantBody({ name: '100%_Sure\\Clinic', tier: 'hybrid-storage', plan: 'practice-per-clinic' });
    const { id } = (await api.post('/v1/tenants', odd)).body.tenant;
    const ids = async (query: string): Promise<string[]> =>
      (await api.get(`/v1/tenants?${query}`)).body.data.map((one: { id: string }) => one.id);
    expect(await ids(`q=${encodeURIComponent('100%_sure\\c')}`)).toEqual([id]);
    expect(await ids(`q=${String(odd['slug']).slice(7, 30)}`)).toEqual([id]);
    expect(await ids(`q=${encodeURIComponent('%_%')}`)).toEqual([]);
    expect(await ids('tier=hybrid-storage&state=provisioning&limit=1')).toEqual([id]);
    expect(await ids('state=active')).toEqual([]);
    expect(await ids('region=nowhere')).toEqual([]);
  });
});

describe('GET /v1/tenants/{id}', () => {
  it('carries an ETag and answers 304 to whoever has that version', async () => {
    const { id } = (await api.post('/v1/tenants', tenantBody())).body.tenant;
    const first = await api.get(`/v1/tenants/${id}`);
    const etag = String(first.headers['etag']);
    const again = await api.get(`/v1/tenants/${id}`, { headers: { 'if-none-match': `"other", W/${etag}` } });
    expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', etag]);
    expect((await api.get(`/v1/tenants/${id}`, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('shows where each layer is, without what leads to the master login', async () => {
    const { tenant, operation } = (
      await api.post('/v1/tenants', tenantBody({ tier: 'hybrid-storage', plan: 'practice-per-clinic' }))
    ).body;
    expect((await api.get(`/v1/tenants/${tenant.id}/placement`)).body).toEqual({ tenantId: tenant.id, bindings: [] });
    await api.asWorker(new ReservePlacement({ operationId: operation.id, tenantId: tenant.id }));
    const { body, text } = await api.get(`/v1/tenants/${tenant.id}/placement`);
    expect(
      body.bindings.map(({ layer, isolation, epoch }: Record<string, unknown>) => [layer, isolation, epoch]),
    ).toEqual([
      ['database', 'shared', 1],
      ['storage', 'dedicated', 1],
      ['key', 'dedicated', 1],
      ['queue', 'shared', 1],
    ]);
    expect(body.bindings[0]).toMatchObject({
      state: 'reserved',
      cellId: expect.stringMatching(/^cel_/),
      outputs: { host: '10.0.0.1', port: 5432 },
    });
    expect(body.bindings[1]).toMatchObject({ cellId: null, outputs: {} });
    expect(text).not.toContain('master');
  });

  it.each(['', '/placement', '/entitlements', '/subscription'])(
    'answers 404 for unknown and malformed ids%s',
    async (part) => {
      const unknown = await api.get(`/v1/tenants/ten_${'0'.repeat(12)}7${'0'.repeat(3)}8${'0'.repeat(15)}${part}`);
      const malformed = await api.get(`/v1/tenants/ten_1%00${part}`);
      expect(unknown).toMatchObject({ status: 404, body: { errorCode: 'tenant_not_found' } });
      expect(malformed).toMatchObject({ status: 404, body: { errorCode: 'tenant_not_found' } });
    },
  );
});
