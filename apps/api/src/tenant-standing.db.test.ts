import { randomUUID } from 'node:crypto';
import { newId, type TenantId } from '@bulkhead/kernel';
import { ApiFixture, tenantBody, type Answer } from './testing/api.fixture.js';
import { asSuperuser } from './testing/token-tools.js';

const person = { audience: 'clinic', subject: { kind: 'person', id: 'usr_7' }, roles: ['clinician'] };

let api: ApiFixture;
let id: TenantId;
beforeAll(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
  // The keys of the token service come with the first token.
  const first = await api.onboard();
  await api.post(`/v1/tenants/${first.tenantId}/tokens`, person);
});
beforeEach(async () => {
  ({ tenantId: id } = await api.onboard());
});
afterAll(() => api.stop());

const suspend = (reason = 'unpaid'): Promise<Answer> => api.post(`/v1/tenants/${id}/suspend`, { reason });
const resume = (): Promise<Answer> => api.post(`/v1/tenants/${id}/resume`, undefined);
const maintain = (body: object): Promise<Answer> => api.post(`/v1/tenants/${id}/maintenance`, body);
const issue = (): Promise<Answer> => api.post(`/v1/tenants/${id}/tokens`, person);
const revocations = async (): Promise<Record<string, unknown>[]> =>
  (await api.get('/v1/token-revocations')).body.data.filter((one: { tenantId: string }) => one.tenantId === id);
const entitlements = async (): Promise<unknown[]> => (await api.get(`/v1/tenants/${id}/entitlements`)).body.data;

describe('suspending a tenant', () => {
  it('holds at once: no token, those it has revoked, nothing entitled; and says why', async () => {
    const { issuedAt } = (await issue()).body;
    expect((await entitlements()).length).toBeGreaterThan(0);
    const { answer, grown } = await api.effectOf(() => suspend('unpaid since March'));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id, state: 'suspended', suspension: { reason: 'unpaid since March' } });
    expect(grown).toEqual({ token_revocations: 1, audit_queue: 1, idempotency_keys: 1 });
    expect((await api.leaves()).at(-1)).toMatchObject({
      action: 'tenant.suspend',
      outcome: 'accepted',
      tenantId: id,
      subject: { kind: 'tenant', id },
      details: { reason: 'unpaid since March' },
    });
    expect(await issue()).toMatchObject({ status: 403, body: { errorCode: 'tenant_suspended', retryable: false } });
    const [revocation] = await revocations();
    expect(revocation).toMatchObject({ tokenId: null, subject: null });
    expect(Number(revocation?.['issuedUpTo'])).toBeGreaterThanOrEqual(issuedAt);
    expect(await entitlements()).toEqual([]);
    expect((await api.get(`/v1/tenants?state=suspended&limit=100`)).body.data).toMatchObject([{ id }]);
  });

  it('is undone by resuming, but for the tokens from before', async () => {
    const before = (await issue()).body;
    const key = randomUUID();
    const replayed = () => api.post(`/v1/tenants/${id}/tokens`, person, { key });
    await replayed();
    await suspend();
    // An answer that is given again is no new token either.
    expect((await replayed()).body.token).toBeNull();
    const { answer, grown } = await api.effectOf(resume);
    expect(answer).toMatchObject({ status: 200, body: { state: 'active', suspension: null } });
    expect(grown).toEqual({ audit_queue: 1, idempotency_keys: 1 });
    expect((await api.leaves()).at(-1)).toMatchObject({ action: 'tenant.resume', tenantId: id });
    const after = (await issue()).body;
    const [revocation] = await revocations();
    expect(before.issuedAt).toBeLessThanOrEqual(Number(revocation?.['issuedUpTo']));
    expect(after.issuedAt).toBeGreaterThan(Number(revocation?.['issuedUpTo']));
    expect((await entitlements()).length).toBeGreaterThan(0);
  });

  it('leaves the subscription, the placement and the billing as they were', async () => {
    const facts = async () => [
      (await api.get(`/v1/tenants/${id}/subscription`)).body,
      (await api.get(`/v1/tenants/${id}/placement`)).body,
    ];
    const before = await facts();
    await suspend();
    expect(await facts()).toEqual(before);
  });

  it('happens once, however many ask at the same time, and never out of order', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => suspend()));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409, 409, 409]);
    expect(await revocations()).toHaveLength(1);
    expect(await suspend()).toMatchObject({
      status: 409,
      body: { errorCode: 'tenant_transition_refused', remediation: expect.stringContaining('resume') },
    });
    await resume();
    expect((await resume()).body.errorCode).toBe('tenant_transition_refused');
    const { tenant } = (await api.post('/v1/tenants', tenantBody())).body;
    const early = await api.post(`/v1/tenants/${tenant.id}/suspend`, { reason: 'too early' });
    expect(early.body.errorCode).toBe('tenant_transition_refused');
  });

  it('gives a token that is asked for at the same time a time that the revocation means, or none', async () => {
    const asked = Array.from({ length: 12 }, issue);
    const suspended = suspend();
    const answers = await Promise.all(asked);
    await suspended;
    const [revocation] = await revocations();
    const outcomes = answers.map(({ status, body }) => {
      if (status !== 201) return body.errorCode;
      return body.issuedAt <= Number(revocation?.['issuedUpTo']) ? 'tenant_suspended' : 'escaped';
    });
    expect(new Set(outcomes)).toEqual(new Set(['tenant_suspended']));
  });
});

describe('maintenance', () => {
  const message = 'We move your records tonight.';

  it('keeps everybody out while it lasts, and says until when', async () => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await issue();
    const begun = await maintain({ enabled: true, message, until });
    expect(begun.body).toMatchObject({ state: 'active', maintenance: { message, until } });
    expect((await api.leaves()).at(-1)).toMatchObject({
      action: 'tenant.set_maintenance',
      tenantId: id,
      details: { enabled: true, message, until },
    });
    expect(await issue()).toMatchObject({ status: 503, body: { errorCode: 'tenant_in_maintenance', retryable: true } });
    expect(await revocations()).toHaveLength(1);
    const later = await maintain({ enabled: true, message: 'It takes longer.' });
    expect(later.body.maintenance).toEqual({
      since: begun.body.maintenance.since,
      message: 'It takes longer.',
      until: null,
    });
    expect(await revocations()).toHaveLength(1);
    expect((await maintain({ enabled: false })).body).toMatchObject({ state: 'active', maintenance: null });
    expect((await issue()).status).toBe(201);
  });

  it('outlives a suspension, and the suspension outlives it', async () => {
    await maintain({ enabled: true, message });
    await suspend();
    expect((await issue()).body.errorCode).toBe('tenant_suspended');
    expect((await resume()).body).toMatchObject({ state: 'active', maintenance: { message } });
    expect((await issue()).body.errorCode).toBe('tenant_in_maintenance');
    await suspend();
    expect((await maintain({ enabled: false })).body).toMatchObject({ state: 'suspended', maintenance: null });
    expect((await issue()).body.errorCode).toBe('tenant_suspended');
  });

  it.each([
    ['without a message', { enabled: true }, 422, 'invalid_maintenance', '/message'],
    [
      'that ended before',
      { enabled: true, message, until: '2020-01-01T00:00:00Z' },
      422,
      'invalid_maintenance',
      '/until',
    ],
    [
      'until a time that could be anywhere',
      { enabled: true, message, until: '2099-01-01T00:00:00' },
      400,
      'invalid_request',
      '/until',
    ],
    [
      'until a day that is none',
      { enabled: true, message, until: '2099-02-30T00:00:00Z' },
      400,
      'invalid_request',
      '/until',
    ],
    ['that is perhaps enabled', { enabled: 'true', message }, 400, 'invalid_request', '/enabled'],
    ['that ends with a message', { enabled: false, message }, 422, 'invalid_maintenance', '/enabled'],
  ])('is refused %s', async (_, body, status, code, pointer) => {
    const { answer, grown } = await api.effectOf(() => maintain(body));
    expect(answer).toMatchObject({ status, body: { errorCode: code } });
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    expect(grown).toEqual({ audit_queue: 1 });
  });

  it('is for tenants that are in use', async () => {
    const { tenant } = (await api.post('/v1/tenants', tenantBody())).body;
    const early = await api.post(`/v1/tenants/${tenant.id}/maintenance`, { enabled: true, message });
    expect(early).toMatchObject({ status: 409, body: { errorCode: 'tenant_not_active' } });
  });
});

describe('who may', () => {
  it.each(['suspend', 'resume', 'maintenance'])('%s: platform admins, and nobody else', async (verb) => {
    const body = { suspend: { reason: 'x' }, resume: {}, maintenance: { enabled: false } }[verb];
    for (const role of ['sales-ops', 'approver', 'auditor', 'ci', 'tenancy-issuer', 'tenancy-service', 'workload']) {
      const token = await api.issuer.token({ sub: role, roles: [role] });
      const { answer, grown } = await api.effectOf(() => api.post(`/v1/tenants/${id}/${verb}`, body, { token }));
      expect([role, answer.status, grown]).toEqual([role, 403, { audit_queue: 1 }]);
    }
    expect((await api.get(`/v1/tenants/${id}`)).body.state).toBe('active');
  });

  it.each(['suspend', 'resume', 'maintenance'])('%s answers 404 for a tenant that is none', async (verb) => {
    const body = { suspend: { reason: 'x' }, resume: {}, maintenance: { enabled: false } }[verb];
    for (const unknown of [newId('tenant'), 'ten_1']) {
      const answer = await api.post(`/v1/tenants/${unknown}/${verb}`, body);
      expect(answer).toMatchObject({ status: 404, body: { errorCode: 'tenant_not_found' } });
    }
  });

  it('is kept by the database, too: no state without its reason', async () => {
    const contradictions = [
      `state = 'suspended'`,
      `suspended_at = now()`,
      `maintenance_since = now()`,
      `maintenance_until = now()`,
    ];
    for (const change of contradictions)
      await expect(asSuperuser(api, `update control.tenants set ${change} where id = $1`, [id])).rejects.toMatchObject({
        code: '23514',
      });
  });
});
