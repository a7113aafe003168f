import { randomUUID } from 'node:crypto';
import { ApiFixture } from './testing/api.fixture.js';

let api: ApiFixture;
beforeAll(async () => {
  api = await ApiFixture.start();
});
afterAll(() => api.stop());

describe('a refusal', () => {
  it.each([
    ['GET', '/v1/nothing', 404, 'not_found'],
    ['GET', '/', 404, 'not_found'],
    ['PUT', '/v1/tenants', 405, 'method_not_allowed'],
    ['DELETE', '/v1/tenants/ten_1', 405, 'method_not_allowed'],
    ['GET', '/v1/%zz', 400, 'malformed_request'],
    ['GET', `/v1/tenants/${'x'.repeat(300)}`, 414, 'address_too_long'],
    ['GET', '/v1/tenants?limit=0', 400, 'invalid_request'],
    ['GET', '/v1/tenants?limit=1e3', 400, 'invalid_request'],
    ['GET', '/v1/tenants?limit=5&limit=6', 400, 'invalid_request'],
    ['GET', '/v1/tenants?starting_after=1%27--', 400, 'invalid_request'],
    ['GET', '/v1/tenants?__proto__=1', 400, 'forbidden_key'],
    ['GET', '/v1/tenants?q=%00', 400, 'invalid_request'],
    ['GET', '/v1/tiers/%00', 404, 'tier_not_found'],
    ['GET', '/v1/plans/platinum', 404, 'plan_not_found'],
    ['GET', '/v1/operations/op_1/events', 404, 'operation_not_found'],
    ['GET', '/v1/landing-zones/mars', 404, 'landing_zone_not_found'],
  ] as const)('%s %s answers %d %s and stores nothing', async (method, url, status, code) => {
    const { answer, grown } = await api.effectOf(() => api.send({ method, url }));
    expect([answer.status, answer.body.errorCode]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(grown).toEqual({});
  });

  it('says which methods an address takes', async () => {
    expect((await api.send({ method: 'PUT', url: '/v1/tenants' })).headers['allow']).toBe('GET, HEAD, POST');
  });

  it.each(['/v1/audit/events', '/v1/audit/export'])('audits whom it forbids to read %s', async (url) => {
    const token = await api.issuer.token({ sub: 'sal', roles: ['sales-ops'] });
    const { answer, grown } = await api.effectOf(() => api.get(url, { token }));
    expect([answer.status, grown]).toEqual([403, { audit_queue: 1 }]);
    expect((await api.leaves()).at(-1)).toMatchObject({
      action: `GET ${url}`,
      code: 'forbidden',
      actor: { id: 'sal' },
    });
  });

  it('never shows what a request brought as its id', async () => {
    const canary = randomUUID();
    const { text, headers } = await api.get('/v1/nothing', { headers: { 'x-request-id': canary } });
    expect(`${text}${JSON.stringify(headers)}`).not.toContain(canary);
  });
});
