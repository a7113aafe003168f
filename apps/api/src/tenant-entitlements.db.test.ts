import { randomUUID } from 'node:crypto';
import type { TenantId } from '@bulkhead/kernel';
import { ApiFixture, type Answer } from './testing/api.fixture.js';
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

const reason = 'agreed in March';
const override = (body: object): Promise<Answer> => api.post(`/v1/tenants/${id}/entitlements`, { reason, ...body });
const entitled = async (): Promise<{ feature: string; source: string; ceiling: number | null }[]> =>
  (await api.get(`/v1/tenants/${id}/entitlements`)).body.data;
const of = async (feature: string) => (await entitled()).find((one) => one.feature === feature);
const remove = (feature: string): Promise<Answer> =>
  api.send({ method: 'DELETE', url: `/v1/tenants/${id}/entitlements/${feature}` });
/** As services see it. */
const published = async () =>
  (
    await asSuperuser(
      api,
      `select modules, quotas from workload.entitlement join workload.entitlement_set s on s.id = set_id where tenant_id = '${id}'`,
    )
  )[0] as { modules: string[]; quotas: Record<string, number> };

describe('overriding what a tenant may use', () => {
  it('grants and withholds modules and sets ceilings, at once and for services too', async () => {
    expect(await published()).toMatchObject({ modules: expect.not.arrayContaining(['claims']) });
    const { answer } = await api.effectOf(() => override({ feature: 'claims', kind: 'module', granted: true }));
    expect(answer.status).toBe(200);
    expect(answer.body.data).toContainEqual({ feature: 'claims', kind: 'module', ceiling: null, source: 'override' });
    await override({ feature: 'charting', kind: 'module', granted: false });
    await override({ feature: 'storageGb', kind: 'quota', ceiling: 7 });
    expect(await of('charting')).toBeUndefined();
    expect(await of('storageGb')).toMatchObject({ ceiling: 7, source: 'override' });
    const { modules, quotas } = await published();
    expect(modules).toContain('claims');
    expect(modules).not.toContain('charting');
    expect(quotas['storageGb']).toBe(7);
    expect((await api.leaves()).at(-1)).toMatchObject({
      action: 'entitlement.override',
      outcome: 'accepted',
      tenantId: id,
      details: { feature: 'storageGb', kind: 'quota', ceiling: 7, reason },
    });
  });

  it('holds the later word, once for a repeated request, until it is removed', async () => {
    const key = randomUUID();
    const body = { reason, feature: 'claims', kind: 'module', granted: true };
    for (let n = 0; n < 2; n++)
      expect(await api.post(`/v1/tenants/${id}/entitlements`, body, { key })).toMatchObject({ status: 200 });
    await override({ feature: 'claims', kind: 'module', granted: false });
    expect(await of('claims')).toBeUndefined();
    await override({ feature: 'storageGb', kind: 'quota', ceiling: 7 });
    for (let n = 0; n < 2; n++) expect(await remove('storageGb')).toMatchObject({ status: 204 });
    expect(await of('storageGb')).toMatchObject({ source: expect.stringContaining('plan:') });
    expect(await remove('no%20feature')).toMatchObject({ status: 404, body: { errorCode: 'override_not_found' } });
  });

  it('is refused for what no plan has, for a half-said override and for a tenant that is not there', async () => {
    for (const body of [
      { feature: 'telepathy', kind: 'module', granted: true },
      { feature: 'claims', kind: 'quota', ceiling: 1 },
      { feature: 'claims', kind: 'module', ceiling: 1 },
      { feature: 'storageGb', kind: 'quota' },
    ]) {
      const { answer, grown } = await api.effectOf(() => override(body));
      expect(answer).toMatchObject({ status: 422, body: { errorCode: 'invalid_override' } });
      expect(grown).toEqual({ audit_queue: 1 });
    }
    const stranger = `/v1/tenants/ten_0192aaaabbbb7ccc8dddeeeeffff0000/entitlements`;
    expect(await api.post(stranger, { reason, feature: 'claims', kind: 'module', granted: true })).toMatchObject({
      status: 404,
      body: { errorCode: 'tenant_not_found' },
    });
  });
});
