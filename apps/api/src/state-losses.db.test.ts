import { ExpireChange, RecordStack } from '@bulkhead/control';
import { newId, type TenantId } from '@bulkhead/kernel';
import { ApiFixture, type Answer } from './testing/api.fixture.js';
import { asSuperuser } from './testing/token-tools.js';

// What a preview showed to be lost may be lost once two people, neither of them the one who asks, have said so.

let api: ApiFixture;
let tenantId: TenantId;
let stack: string;
let urn: string;
let [carol, anna, bert, ci]: string[] = [];
beforeAll(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
  carol = await api.issuer.token({ roles: ['platform-admin', 'approver'], sub: 'carol' });
  anna = await api.issuer.token({ roles: ['approver'], sub: 'anna' });
  bert = await api.issuer.token({ roles: ['approver'], sub: 'bert' });
  ci = await api.issuer.token({ roles: ['ci'], sub: 'pipeline' });
});
beforeEach(async () => {
  ({ tenantId } = await api.onboard());
  const { body } = await api.get('/v1/fleet/tenants?limit=1', { token: ci! });
  stack = `roster.${body.data[0].bindings[0].rosterId}`;
  urn = `urn:pulumi:${stack}::bulkhead::bulkhead:pool:Registration::${body.data[0].bindings[0].bindingId}`;
  const state = { resources: [{ urn, type: 'bulkhead:pool:Registration' }], pending: 0 };
  await api.asWorker(new RecordStack({ stack, state, appliedDigest: null }));
});
afterAll(() => api.stop());

const digest = `sha256:${'a'.repeat(64)}`;
const ask = (more: object = {}, token = carol!): Promise<Answer> => {
  const losses = [{ urn, operation: 'delete', layer: 'key', digest }];
  const body = { stack, tenantId, losses, planHash: digest, head: 'b'.repeat(40), reason: 'it moves', ...more };
  return api.post('/v1/change-requests/state-loss', body, { token });
};
const approve = ({ body: { id, hash } }: Answer, token: string) =>
  api.post(`/v1/change-requests/${id}/approve`, { hash }, { token });
const allowed = async () =>
  (await api.get('/v1/fleet/approved-losses', { token: ci! })).body.data.filter(
    (loss: { tenantId: string }) => loss.tenantId === tenantId,
  );
const hold = () => api.post('/v1/legal-holds', { tenantId, matter: 'Doe', reason: 'letter' });

it('is allowed after two approvals, and CI sees exactly what was asked for and nothing of who or why', async () => {
  const asked = await ask();
  expect(asked).toMatchObject({
    status: 201,
    body: { kind: 'state-loss', state: 'pending', tenantId, approvalsNeeded: 2, quote: null, loss: { stack } },
  });
  expect((await approve(asked, anna!)).body.state).toBe('pending');
  expect(await allowed()).toEqual([]);
  expect((await approve(asked, bert!)).body.state).toBe('approved');
  const { id, expiresAt } = asked.body;
  const losses = [{ urn, operation: 'delete', layer: 'key', digest }];
  expect(await allowed()).toEqual([{ id, stack, tenantId, losses, expiresAt }]);
});

it('is not approved by who asks, by one person twice, nor under another hash', async () => {
  const asked = await ask();
  expect((await approve(asked, carol!)).body.errorCode).toBe('self_approval');
  await approve(asked, anna!);
  expect((await approve(asked, anna!)).body.errorCode).toBe('already_decided');
  const other = { ...asked, body: { ...asked.body, hash: 'f'.repeat(64) } };
  expect((await approve(other, bert!)).body.errorCode).toBe('request_stale');
  expect(await allowed()).toEqual([]);
});

it('is refused under a legal hold, to ask for as well as to approve, and an approved one sleeps meanwhile', async () => {
  const approved = await ask();
  await approve(approved, anna!);
  await approve(approved, bert!);
  const asked = await ask();
  const { body: placed } = await hold();
  expect(await allowed()).toEqual([]);
  expect(await ask()).toMatchObject({ status: 409, body: { errorCode: 'legal_hold' } });
  expect((await approve(asked, anna!)).body.errorCode).toBe('legal_hold');
  expect((await ask({ tenantId: undefined })).body.errorCode).toBe('legal_hold');
  await api.post(`/v1/legal-holds/${placed.id}/release`, { reason: 'settled' }, { token: carol! });
  expect((await allowed()).map(({ id }: { id: string }) => id)).toEqual([approved.body.id]);
});

it('helps nobody once it has expired, and is closed then', async () => {
  const asked = await ask({ validDays: 1 });
  await approve(asked, anna!);
  // The row is what its hash says, so that only time can do this.
  await asSuperuser(api, `update control.change_requests set expires_at = now() where id = $1`, [asked.body.id]);
  expect((await approve(asked, bert!)).status).toBe(500);
  expect(await allowed()).toEqual([]);
  await api.asWorker(new ExpireChange(asked.body.id));
  expect((await api.get(`/v1/change-requests/${asked.body.id}`)).body.state).toBe('expired');
});

it.each([
  ['a stack that is not there', { stack: `roster.${newId('roster')}` }, 404, 'stack_not_found'],
  ['a tenant that has nothing in the stack', { tenantId: newId('tenant') }, 422, 'loss_not_of_stack'],
  ['nothing', { losses: [] }, 400, 'invalid_request'],
] as const)('is refused for %s', async (_what, more, status, errorCode) => {
  expect(await ask(more)).toMatchObject({ status, body: { errorCode } });
});

it('is refused for a resource that the stack does not have, and for another role', async () => {
  const losses = [{ urn: `${urn}x`, operation: 'delete', layer: 'key', digest }];
  expect(await ask({ losses })).toMatchObject({ status: 422, body: { errorCode: 'loss_not_of_stack' } });
  expect(await ask({}, ci)).toMatchObject({ status: 403 });
});

it('leaves room for a change of plan at the same time, and is neither applied nor scheduled', async () => {
  const { body } = await ask();
  expect((await ask()).status).toBe(201);
  for (const verb of ['apply', 'schedule'])
    expect(
      (await api.post(`/v1/change-requests/${body.id}/${verb}`, { quoteHash: body.hash }, { token: carol! })).body
        .errorCode,
    ).toBe('approval_required');
  expect((await api.post(`/v1/change-requests/${body.id}/cancel`, {}, { token: carol! })).body.state).toBe('cancelled');
});
