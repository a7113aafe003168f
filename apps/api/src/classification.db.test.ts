import {
  AbandonTenant,
  PlacementReader,
  RecordRetired,
  ReportOperation,
  ReservePlacement,
  RetirePlacement,
} from '@bulkhead/control';
import { newId, type OperationId, type TenantId } from '@bulkhead/kernel';
import { openControlDatabase } from '@bulkhead/store';
import { ApiFixture, tenantBody } from './testing/api.fixture.js';
import { asSuperuser } from './testing/token-tools.js';

let api: ApiFixture;
let id: TenantId;
beforeAll(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
});
beforeEach(async () => {
  ({ tenantId: id } = await api.onboard());
});
afterAll(() => api.stop());

const fact = (name: string, value: unknown, observedOn = '2026-01-05') => ({
  name,
  value,
  source: 'contract',
  observedOn,
});
const record = (...facts: object[]) => api.post(`/v1/tenants/${id}/facts`, { facts });
const eligibility = async (plan = '') =>
  (await api.get(`/v1/tenants/${id}/eligibility${plan && `?plan=${plan}`}`)).body;

describe('facts', () => {
  it('are recorded with day and source, and the latest of each stands', async () => {
    await record(
      fact('providers', 47),
      fact('regulatorySensitivity', 'moderate'),
      fact('contractualSeparation', false),
    );
    const { body, status } = await record(fact('providers', 60, '2026-02-01'), fact('clinics', 3));
    expect(status).toBe(200);
    await record(fact('providers', 12, '2025-12-31'));
    const { data } = (await api.get(`/v1/tenants/${id}/facts`)).body;
    expect(data).toEqual(body.data);
    expect(Object.fromEntries(data.map((one: { name: string; value: unknown }) => [one.name, one.value]))).toEqual({
      clinics: 3,
      contractualSeparation: false,
      providers: 60,
      regulatorySensitivity: 'moderate',
    });
    expect(data.find((one: { name: string }) => one.name === 'providers')).toMatchObject({
      source: 'contract',
      observedOn: '2026-02-01',
      recordedBy: expect.stringMatching(/^user:/),
    });
    expect((await api.leaves()).at(-1)).toMatchObject({ action: 'tenant.record_facts', tenantId: id });
  });

  it.each([
    ['a level that there is not', fact('regulatorySensitivity', 'extreme'), '/facts/0/value'],
    ['a number as text', fact('providers', '47'), '/facts/0/value'],
    ['less than nothing', fact('providers', -1), '/facts/0/value'],
    ['a day that is still to come', fact('providers', 1, '2999-01-01'), '/facts/0/observedOn'],
  ])('are refused for %s, and nothing is recorded', async (_, wrong, pointer) => {
    const { answer, grown } = await api.effectOf(() => record(wrong, fact('clinics', 1)));
    expect(answer).toMatchObject({ status: 422, body: { errorCode: 'invalid_fact', errors: [{ pointer }] } });
    expect(grown).toEqual({ audit_queue: 1 });
  });

  it('are recorded by sales and platform admins only, and never rewritten', async () => {
    const token = await api.issuer.token({ roles: ['approver'] });
    const body = { facts: [fact('clinics', 1)] };
    expect((await api.post(`/v1/tenants/${id}/facts`, body, { token })).status).toBe(403);
    await record(fact('clinics', 1));
    await expect(asSuperuser(api, 'update control.tenant_facts set source = $1', ['me'])).rejects.toThrow('final');
  });
});

describe('what may this customer have', () => {
  it('is answered in plain words, for its plan or for another', async () => {
    await record(fact('providers', 47), fact('integrations', 4), fact('regulatorySensitivity', 'high'));
    const present = await eligibility();
    expect(present).toMatchObject({ policy: 'dedicated-layers@1', planKind: 'clinic' });
    expect(present.missing).toContain('Own database: the kind of plan must be enterprise (is clinic).');
    const asEnterprise = await eligibility('enterprise-health-system');
    expect(asEnterprise.missing[0]).toMatch(/^Own database: needs 3 more providers \(has 47, at least 50 asked\)/);
    const key = asEnterprise.layers.find(({ layer }: { layer: string }) => layer === 'key');
    expect(key).toMatchObject({ eligible: true, rules: [{ met: true, detail: 'regulatory sensitivity is high' }] });
    expect((await api.get(`/v1/tenants/${id}/eligibility?plan=gold`)).body.errorCode).toBe('unknown_plan');
  });

  it('comes with a recommendation and what is not known', async () => {
    await record(fact('transactionsPerDay', 60_000), fact('regulatorySensitivity', 'low'));
    expect((await api.get(`/v1/tenants/${id}/recommendation`)).body).toMatchObject({
      tier: 'hybrid-database',
      dedicatedLayers: ['database'],
      unknown: ['integrations'],
    });
  });
});

describe('a legal hold', () => {
  const place = (tenantId: string) =>
    api.post('/v1/legal-holds', { tenantId, matter: 'Doe v. Riverside', reason: 'letter of 3 March' });

  it('keeps what would be destroyed until the last one is released', async () => {
    const { tenant } = (await api.post('/v1/tenants', tenantBody())).body;
    const call = { tenantId: tenant.id as TenantId, operationId: newId('operation') };
    const [first, second] = [await place(tenant.id), await place(tenant.id)];
    expect(first).toMatchObject({ status: 201, body: { matter: 'Doe v. Riverside', releasedAt: null } });
    const held = { code: 'legal_hold', status: 409 };
    await expect(api.asWorker(new AbandonTenant(call))).rejects.toMatchObject(held);
    await expect(api.asWorker(new RetirePlacement(call))).rejects.toMatchObject(held);
    // What the planes take away goes through the same door.
    const source = await openControlDatabase(api.database.workerUrl, 1);
    await expect(new PlacementReader(source).placedForDestruction(call.tenantId)).rejects.toMatchObject(held);
    await source.destroy();
    const release = (hold: typeof first) => api.post(`/v1/legal-holds/${hold.body.id}/release`, { reason: 'settled' });
    expect((await release(first)).body).toMatchObject({ releaseReason: 'settled' });
    expect((await release(first)).body.errorCode).toBe('legal_hold_released');
    await expect(api.asWorker(new AbandonTenant(call))).rejects.toMatchObject({ code: 'legal_hold' });
    await release(second);
    await expect(api.asWorker(new AbandonTenant(call))).resolves.toBeUndefined();
    const inForce = await api.get(`/v1/legal-holds?tenant=${tenant.id}&in_force=true`);
    expect(inForce.body.data).toEqual([]);
    expect((await api.get(`/v1/legal-holds?tenant=${tenant.id}`)).body.data).toHaveLength(2);
  });

  it('is refused while something of the tenant is being destroyed, and names the operation that does it', async () => {
    const { tenant, operation } = (await api.post('/v1/tenants', tenantBody())).body;
    const call = { tenantId: tenant.id as TenantId, operationId: operation.id as OperationId };
    const tooLate = { status: 409, body: { errorCode: 'destruction_in_progress', retryable: true } };
    const holds = () => api.get(`/v1/legal-holds?tenant=${tenant.id}`).then(({ body }) => body.data);
    await api.asWorker(new ReservePlacement(call));
    await api.asWorker(new ReportOperation({ operationId: call.operationId, state: 'running' }));
    await api.asWorker(new ReportOperation({ operationId: call.operationId, state: 'compensating' }));
    expect(await place(tenant.id)).toMatchObject(tooLate);
    const { bindings } = await api.asWorker(new RetirePlacement(call));
    await api.asWorker(new ReportOperation({ operationId: call.operationId, state: 'needs_attention' }));
    const refused = await place(tenant.id);
    expect(refused).toMatchObject(tooLate);
    expect(refused.body.remediation).toContain(`/v1/operations/${operation.id}`);
    expect(await holds()).toEqual([]);
    await api.asWorker(new RecordRetired({ ...call, bindingIds: bindings.map(({ bindingId }) => bindingId) }));
    await api.asWorker(new ReportOperation({ operationId: call.operationId, state: 'compensating' }));
    await api.asWorker(new AbandonTenant(call));
    await api.asWorker(new ReportOperation({ operationId: call.operationId, state: 'failed' }));
    expect((await place(tenant.id)).status).toBe(201);
  });

  it('holds in the database too, whatever a command forgets', async () => {
    await place(id);
    const retire = `update control.bindings set state = 'retiring' where tenant_id = $1`;
    await expect(asSuperuser(api, retire, [id])).rejects.toThrow('under legal hold');
  });

  it('is placed by admins and auditors only', async () => {
    const token = await api.issuer.token({ roles: ['sales-ops'] });
    const body = { tenantId: id, matter: 'm', reason: 'r' };
    expect((await api.post('/v1/legal-holds', body, { token })).status).toBe(403);
  });
});
