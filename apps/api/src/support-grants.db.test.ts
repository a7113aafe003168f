import type { TenantId } from '@bulkhead/kernel';
import { ApiFixture } from './testing/api.fixture.js';
import { asSuperuser } from './testing/token-tools.js';

let api: ApiFixture;
let id: TenantId;
let helper: string;
let anna: string;
let bert: string;
beforeAll(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
  helper = await api.issuer.token({ roles: ['support', 'approver'], sub: 'helga' });
  anna = await api.issuer.token({ roles: ['approver'], sub: 'anna' });
  bert = await api.issuer.token({ roles: ['approver'], sub: 'bert' });
});
beforeEach(async () => {
  ({ tenantId: id } = await api.onboard());
});
afterAll(() => api.stop());

const ask = (kind = 'support', minutes = 10, token = helper) =>
  api.post('/v1/support-grants', { tenantId: id, kind, reason: 'ticket 4711', minutes }, { token });
const approve = (grant: string, token = anna) => api.post(`/v1/support-grants/${grant}/approve`, undefined, { token });
const end = (grant: string, token = helper) => api.post(`/v1/support-grants/${grant}/end`, undefined, { token });
const issue = (role = 'support', person = 'helga', tenantId = id, kind = 'person') =>
  api.post(`/v1/tenants/${tenantId}/tokens`, {
    ...{ audience: 'clinic', subject: { kind, id: person }, roles: [role], lifetimeSeconds: 900 },
  });

describe('a support grant', () => {
  it('lets one person into one tenant, until it is over', async () => {
    expect((await issue()).body.errorCode).toBe('support_grant_required');
    const { body, status } = await ask();
    expect([status, body.state, body.approvalsNeeded]).toEqual([201, 'requested', 1]);
    expect((await issue()).status).toBe(403);
    expect((await approve(body.id)).body).toMatchObject({ state: 'active', approvedBy: ['anna'] });
    const issued = await issue();
    const until = Date.parse((await api.get(`/v1/support-grants?tenant=${id}`)).body.data[0].activeUntil) / 1000;
    expect(issued.status).toBe(201);
    expect(issued.body.expiresAt).toBe(Math.floor(until));
    const other = await api.onboard();
    for (const refused of [
      await issue('support', 'ada'),
      await issue('break-glass'),
      await issue('support', 'helga', other.tenantId),
      await issue('support', 'helga', id, 'service'),
    ])
      expect(refused).toMatchObject({ status: 403, body: { errorCode: 'support_grant_required' } });
    await asSuperuser(api, `update control.support_grants set active_until = now() where id = $1`, [body.id]);
    expect((await issue()).body.errorCode).toBe('support_grant_required');
    expect((await api.get(`/v1/support-grants?tenant=${id}`)).body.data[0].state).toBe('over');
  });

  it('to break glass needs two people, neither of them the one who asks', async () => {
    const { body } = await ask('break-glass', 60);
    expect((await approve(body.id, helper)).body.errorCode).toBe('self_approval');
    expect((await approve(body.id)).body).toMatchObject({ state: 'requested', approvedBy: ['anna'] });
    expect((await approve(body.id)).body.errorCode).toBe('already_decided');
    expect((await issue('break-glass')).status).toBe(403);
    expect((await approve(body.id, bert)).body.state).toBe('active');
    expect((await issue('break-glass')).status).toBe(201);
    const leaf = (await api.leaves()).findLast(({ action }) => action === 'support_grant.approve');
    expect(leaf).toMatchObject({
      outcome: 'accepted',
      tenantId: id,
      actor: { id: 'bert' },
      details: { person: 'helga' },
    });
  });

  it('ends at once, with the tokens that it gave', async () => {
    const { body } = await ask();
    await approve(body.id);
    const { issuedAt } = (await issue()).body;
    expect((await end(body.id)).body).toMatchObject({ state: 'over', endedBy: 'user:helga' });
    expect((await issue()).status).toBe(403);
    const revoked = (await api.get('/v1/token-revocations')).body.data.find(
      (one: { tenantId: string }) => one.tenantId === id,
    );
    expect(revoked).toMatchObject({ subject: 'helga' });
    expect(Number(revoked.issuedUpTo)).toBeGreaterThanOrEqual(issuedAt);
    expect((await approve(body.id, bert)).body.errorCode).toBe('support_grant_settled');
  });

  it('is asked for by people of support, for a limited time', async () => {
    expect((await ask('break-glass', 61)).body.errorCode).toBe('support_too_long');
    expect((await ask('support', 241)).status).toBe(400);
    expect((await ask('support', 10, anna)).status).toBe(403);
    const made = await api.post(
      '/v1/api-keys',
      { name: 'k', roles: ['support', 'approver'], expiresInDays: 1 },
      { token: helper },
    );
    const headers = { authorization: `Bearer ${made.body.key}` };
    const byKey = await api.send({
      ...{ method: 'POST', url: '/v1/support-grants', token: null, headers },
      body: { tenantId: id, kind: 'support', reason: 'r', minutes: 5 },
    });
    expect(byKey).toMatchObject({ status: 403, body: { errorCode: 'support_needs_person' } });
    const asked = await ask();
    const url = `/v1/support-grants/${asked.body.id}/approve`;
    expect((await api.send({ method: 'POST', url, token: null, headers })).body.errorCode).toBe('self_approval');
  });
});
