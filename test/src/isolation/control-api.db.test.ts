import { ApiFixture } from '@bulkhead/api/testing';
import { TENANT_TOKEN_ALGORITHM, TENANT_TOKEN_TYPE } from '@bulkhead/domain/context';
import { findingsOf } from '@bulkhead/domain/isolation';
import { forgedTokens, prove, type OpenApiDocument, type RouteAnswer, type RouteRequest } from '@bulkhead/isolation';
import { generateKeyPair, SignJWT } from 'jose';

let api: ApiFixture;
beforeAll(async () => {
  api = await ApiFixture.start();
});
afterAll(() => api?.stop());

let callers = 0;

/** From another address each time: failures of one address are soon answered with 429. */
async function send({ method, path, headers, body }: RouteRequest): Promise<RouteAnswer> {
  callers += 1;
  const remoteAddress = `10.0.${callers >> 8}.${callers & 255}`;
  const request = { method: method as 'GET', url: path, headers, remoteAddress, ...(body && { payload: body }) };
  const answer = await api.app.inject(request);
  const kept = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
  return { status: answer.statusCode, headers: Object.fromEntries(kept), body: answer.body };
}

/** What a tenant holds: good at the vendor's services, and nothing here. */
async function tenantToken(): Promise<string> {
  const { privateKey } = await generateKeyPair(TENANT_TOKEN_ALGORITHM);
  return await new SignJWT({ tenant: 'ten_a', kind: 'person', roles: ['platform-admin'] })
    .setProtectedHeader({ alg: TENANT_TOKEN_ALGORITHM, typ: TENANT_TOKEN_TYPE })
    .setIssuer('https://bulkhead.example')
    .setAudience('clinic')
    .setSubject('usr_1')
    .setIssuedAt()
    .setExpirationTime('10m')
    .sign(privateKey);
}

async function refusedTokens(): Promise<Record<string, string>> {
  const { issuer, adminToken } = api;
  const past = Math.floor(Date.now() / 1000) - 60;
  return {
    ...forgedTokens(adminToken, [], { roles: ['platform-admin'] }),
    'of a tenant': await tenantToken(),
    'of another audience': await issuer.token({ aud: 'clinic' }),
    'of another issuer': await issuer.token({ iss: 'https://elsewhere.example' }),
    'signed with a shared secret': await issuer.sharedSecretToken('secret-of-32-characters-or-more!!'),
    expired: await issuer.token({ exp: past }),
  };
}

it('every operation of the control plane refuses every wrong token, tenants’ tokens among them', async () => {
  const { body } = await send({ method: 'GET', path: '/v1/openapi.json', headers: {} });
  const document = JSON.parse(body) as OpenApiDocument;
  const rest = { things: {}, references: {}, bodies: {}, leastRoutes: 40 };
  const refused = await refusedTokens();
  const report = await prove([{ kind: 'routes', name: 'control plane', document, send, refused, ...rest }], {
    mode: 'copy',
  });
  expect(findingsOf(report)).toEqual([]);
  expect(report).toMatchObject({ verdict: 'green', targets: [{ voids: [] }] });
  expect(report.targets[0]?.checks).toContainEqual({ name: 'wrong tokens', looked: Object.keys(refused).length });
}, 120_000);

it('a token that works is found by the same proof', async () => {
  const { body } = await send({ method: 'GET', path: '/v1/openapi.json', headers: {} });
  const document = JSON.parse(body) as OpenApiDocument;
  const target = { kind: 'routes', name: 'control plane', document, send } as const;
  const rest = { refused: { 'of an admin': api.adminToken }, things: {}, references: {}, bodies: {}, leastRoutes: 40 };
  const report = await prove([{ ...target, ...rest }], { mode: 'copy' });
  expect(report.targets[0]?.voids).toEqual([]);
  for (const object of ['GET /v1/tenants', 'GET /v1/operations/{id}', 'POST /v1/isolation-proofs'])
    expect(findingsOf(report)).toContainEqual(expect.objectContaining({ rule: 'token_accepted', object }));
}, 120_000);
