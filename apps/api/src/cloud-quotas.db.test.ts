import { RecordCloudQuotas, ReservePlacement } from '@bulkhead/control';
import { BindingEntity, openControlDatabase, requireCloudQuotas } from '@bulkhead/store';
import type { CloudQuota } from '@bulkhead/domain';
import { newId, waitFor, type OperationId, type TenantId } from '@bulkhead/kernel';
import { SalesFixture } from './testing/sales.fixture.js';
import { tenantBody, type Answer, type ApiFixture } from './testing/api.fixture.js';

// What the cloud account has no room for is not promised: not in a quote's request, not to a tenant, not in a reservation.

let fixture: SalesFixture;
let api: ApiFixture;
beforeAll(async () => {
  fixture = await SalesFixture.start();
  ({ api } = fixture);
});
afterAll(() => api.stop());

const region = 'us-east-1';
const seen = (quotas: Partial<Record<CloudQuota, readonly [used: number, limit: number]>>) =>
  api.asWorker(
    new RecordCloudQuotas({
      ...{ region, source: 'declared' },
      quotas: Object.entries(quotas).map(([quota, [used, limit]]) => ({ quota: quota as CloudQuota, used, limit })),
    }),
  );
const standing = async (quota: CloudQuota) =>
  (await api.get(`/v1/cloud-quotas?region=${region}`)).body.data.find((one: { quota: string }) => one.quota === quota);
const wish = () => tenantBody({ tier: 'dedicated', plan: 'enterprise-health-system', quantity: 1 });
const reserve = ({ body }: Answer) =>
  api.asWorker(
    new ReservePlacement({ operationId: body.operation.id as OperationId, tenantId: body.tenant.id as TenantId }),
  );
const ROOM = { 's3-buckets': [1, 100], 'kms-keys': [1, 100], 'iam-roles': [1, 100] } as const;

it('nothing is refused where nobody has looked yet', async () => {
  expect((await api.get(`/v1/cloud-quotas?region=${region}`)).body).toEqual({ data: [] });
  expect((await api.get('/v1/cloud-quotas?region=nowhere')).status).toBe(400);
  expect((await api.post('/v1/tenants', wish())).status).toBe(202);
});

it('the last one is promised once, also when two reserve at the same time', async () => {
  const promised = { ...ROOM, 'rds-instances': [1000, 1000] } as const;
  await seen(promised);
  const before: number = (await standing('rds-instances')).promised;
  await seen({ ...ROOM, 'rds-instances': [38, 39 + before] });
  expect(await standing('rds-instances')).toMatchObject({ used: 38, promised: before, left: 1 });
  const wished = [await api.post('/v1/tenants', wish()), await api.post('/v1/tenants', wish())];
  const settled = await Promise.allSettled(wished.map(reserve));
  const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(refused).toEqual([expect.objectContaining({ code: 'cloud_quota_exhausted' })]);
  expect(await standing('rds-instances')).toMatchObject({ left: 0, promised: before + 1 });
  const answer = await api.post('/v1/tenants', wish());
  expect(answer).toMatchObject({ status: 409, body: { errorCode: 'cloud_quota_exhausted' } });
  expect(answer.body.detail).toContain(`0 of ${39 + before} RDS instances left; ${before + 1} promised`);
  expect(answer.body.remediation).toContain('AWS Service Quotas');
  expect((await api.post('/v1/tenants', tenantBody())).status).toBe(202);
});

it('who looks while somebody else decides waits for the decision', async () => {
  const { tenantId } = await api.onboard();
  await seen({ ...ROOM, 'rds-instances': [1000, 1000] });
  const { promised } = await standing('rds-instances');
  await seen({ ...ROOM, 'rds-instances': [0, 1 + promised] });
  const [one, two, looker] = await Promise.all([1, 2, 3].map(() => openControlDatabase(api.database.workerUrl, 1)));
  try {
    let second: Promise<void> | undefined;
    await one!.transaction(async (manager) => {
      await requireCloudQuotas(manager, region, ['database']);
      second = two!.transaction((other) => requireCloudQuotas(other, region, ['database']));
      second.catch(() => undefined);
      await waitFor('the second to wait', async () => {
        const waiting: object[] = await looker!.query(
          `select from pg_stat_activity where wait_event = 'advisory' and usename = current_user`,
        );
        return waiting.length === 1;
      });
      const place = { cellId: null, rosterId: null, stackId: newId('stack'), tenantId };
      await manager.insert(BindingEntity, {
        ...{ id: newId('binding'), layer: 'database', isolation: 'dedicated', state: 'reserved', ...place },
        ...{ outputs: null, retiredAt: null },
      });
    });
    await expect(second).rejects.toMatchObject({ code: 'cloud_quota_exhausted' });
  } finally {
    for (const source of [one, two, looker]) await source?.destroy();
  }
});

it('a quota that nobody looks at any more says nothing, and takes no room from the others', async () => {
  await seen({ ...ROOM, 'rds-instances': [1, 100] });
  expect(await standing('rds-instances')).toMatchObject({ used: 1 });
  await seen(ROOM);
  expect(await standing('rds-instances')).toBeUndefined();
  expect(await standing('kms-keys')).toMatchObject({ used: 1 });
});

it('a quote says what is left of what it needs, and is not taken when that is too little', async () => {
  const { tenantId } = await api.onboard({ quantity: 10 });
  const facts = Object.entries({ providers: 60, integrations: 2, storageGb: 8 }).map(([name, value]) => ({
    ...{ name, value, source: 'contract', observedOn: '2026-01-05' },
  }));
  await api.post(`/v1/tenants/${tenantId}/facts`, { facts });
  await seen({ ...ROOM, 'rds-instances': [10, 1000] });
  const target = { plan: 'enterprise-health-system', tier: 'hybrid-database', quantity: 1 };
  const roomy = await fixture.quote(tenantId, target);
  const { promised } = await standing('rds-instances');
  expect(roomy.body.cloudQuotas).toContainEqual(
    expect.objectContaining({
      ...{ quota: 'rds-instances', needed: 1, enough: true, used: 10, promised },
      says: `${990 - promised} of 1000 RDS instances left; ${promised} promised`,
    }),
  );
  expect(roomy.body.cloudQuotas.map(({ quota }: { quota: string }) => quota)).toEqual(['iam-roles', 'rds-instances']);
  await seen({ ...ROOM, 'rds-instances': [1000, 1000] });
  const full = await fixture.quote(tenantId, target);
  expect(full.body.cloudQuotas).toContainEqual(
    expect.objectContaining({ quota: 'rds-instances', enough: false, left: 0 }),
  );
  expect((await fixture.request(roomy)).body.errorCode).toBe('cloud_quota_exhausted');
  await seen({ ...ROOM, 'rds-instances': [10, 1000] });
  const taken = await fixture.request(roomy);
  expect(taken.status).toBe(201);
  await fixture.act(taken.body.change.id, 'approve', { hash: roomy.body.hash }, fixture.approver);
  const second = await api.issuer.token({ roles: ['approver'], sub: 'bert' });
  await fixture.act(taken.body.change.id, 'approve', { hash: roomy.body.hash }, second);
  expect((await fixture.change(taken.body.change.id)).state).toBe('approved');
  expect(await standing('rds-instances')).toMatchObject({ promised: promised + 1 });
  await seen({ ...ROOM, 'rds-instances': [1000, 1000] });
  const applied = await fixture.act(taken.body.change.id, 'apply', { quoteHash: roomy.body.hash });
  expect(applied.body.errorCode).toBe('cloud_quota_exhausted');
});
