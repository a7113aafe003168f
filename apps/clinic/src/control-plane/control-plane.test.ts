import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Redacted, waitFor } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import { contextFor } from '@bulkhead/tenancy/testing';
import { AccessTokens } from './access-tokens.js';
import { ControlPlane } from './control-plane.js';

// Identity provider and control plane in one, as far as a service asks them anything.
let server: Server;
let url: string;
let revocations: object[] = [];
let reachable = true;
let expiresIn: unknown = 3600;
let staleSeconds: unknown = 0.5;
let issuer: string;
const asked: { path: string; authorization: string | undefined; body: string }[] = [];

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

function answerTo(path: string): object | undefined {
  if (path === '/.well-known/openid-configuration') return { issuer, token_endpoint: `${url}/token` };
  if (path === '/token') return { access_token: `access-${asked.length}`, token_type: 'Bearer', expires_in: expiresIn };
  if (!reachable) return undefined;
  if (path === '/v1/token-revocations') return { data: revocations, pollSeconds: 0.05, staleSeconds };
  if (path === '/v1/tenants/ten_1/contexts') return { context: 'v1.signed' };
  return path === '/v1/tenants/ten_1/tokens' ? { token: 'a.b.c' } : undefined;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const path = request.url ?? '';
      asked.push({ path, authorization: request.headers.authorization, body });
      const answer = answerTo(path);
      response.writeHead(answer ? 200 : 422, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { errorCode: 'tenant_token_revoked' }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

let control: ControlPlane;
async function connect(): Promise<void> {
  const identity = { issuer: url, clientId: 'clinic', clientSecret: new Redacted('s:e+c%ret') };
  control = new ControlPlane(url, new AccessTokens(identity), createLogger({ name: 'test', level: 'silent' }));
  await control.open();
}
beforeEach(async () => {
  [revocations, reachable, expiresIn, staleSeconds, issuer] = [[], true, 3600, 0.5, url];
  asked.length = 0;
  await connect();
});
afterEach(() => control.close());

const token = { id: 'tok_1', tenantId: 'ten_1', subject: 'usr_1', issuedAt: 100 };
const revocation = { tenantId: 'ten_1', tokenId: null, subject: null, issuedUpTo: null };

it.each([
  ['the token itself', { tokenId: 'tok_1' }, true],
  ['another token', { tokenId: 'tok_2' }, false],
  ['all of the subject up to then', { subject: 'usr_1', issuedUpTo: 100 }, true],
  ['all of another subject', { subject: 'usr_2', issuedUpTo: 100 }, false],
  ['all of the tenant up to then', { issuedUpTo: 100 }, true],
  ['all of the tenant before', { issuedUpTo: 99 }, false],
  ['all of another tenant', { tenantId: 'ten_2', issuedUpTo: 100 }, false],
])('knows what the revocation of %s means', async (_, change, revoked) => {
  revocations = [
    { ...revocation, ...change },
    { ...revocation, tenantId: 'ten_marker', tokenId: 'tok_marker' },
  ];
  const marker = { ...token, tenantId: 'ten_marker', id: 'tok_marker' };
  await waitFor('the list', () => control.isRevoked(marker), { intervalMs: 5 });
  expect(control.isRevoked(token)).toBe(revoked);
});

it('believes no token by a list that has become stale, and goes on when the list is back', async () => {
  expect(control.isRevoked(token)).toBe(false);
  reachable = false;
  const isStale = () => {
    try {
      return control.isRevoked(token);
    } catch {
      return true;
    }
  };
  await waitFor('the list to become stale', isStale, { intervalMs: 5 });
  reachable = true;
  await waitFor('the list to be back', () => !control.isRevoked(token), { intervalMs: 5 });
});

it('asks with an access token of its own, and with another one when that is about to end', async () => {
  const path = '/v1/token-revocations';
  const used = () => new Set(asked.filter((one) => one.path === path).map(({ authorization }) => authorization));
  await waitFor('several looks', () => asked.filter((one) => one.path === path).length > 3);
  expect(used().size).toBe(1);
  // Form-encoded first (RFC 6749, section 2.3.1).
  const basic = `Basic ${Buffer.from('clinic:s%3Ae%2Bc%25ret').toString('base64')}`;
  expect(asked.find((one) => one.path === '/token')).toMatchObject({ authorization: basic });
  await control.close();
  expiresIn = 30;
  await connect();
  await waitFor('other access tokens', () => used().size > 2);
});

it.each([undefined, null, 'soon', -1, 0])(
  'believes no access token that says it is good for %p seconds',
  async (seconds) => {
    await control.close();
    expiresIn = seconds;
    const error = { code: 'identity_unavailable', status: 503, retryable: true };
    await expect(connect()).rejects.toMatchObject(error);
  },
);

it('believes no identity provider that says it is another, and tells it no secret', async () => {
  await control.close();
  asked.length = 0;
  issuer = 'https://elsewhere.example';
  await expect(connect()).rejects.toMatchObject({ code: 'identity_unavailable' });
  expect(asked.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration']);
});

it('believes no token by a list that does not say when it is stale', async () => {
  await control.close();
  staleSeconds = 'never';
  await connect();
  expect(() => control.isRevoked(token)).toThrow('stale');
});

it('exchanges a token for a context, and says when the token is of no use any more', async () => {
  const context = contextFor('ten_1');
  const route = { tenantId: 'ten_1', home: 'cel_1', epoch: 2, status: 'active' } as const;
  expect(await control.exchange(context, route)).toBe('v1.signed');
  expect(JSON.parse(asked.find(({ path }) => path.endsWith('/contexts'))?.body ?? '')).toEqual({
    token: 'not a token',
  });
  reachable = false;
  await expect(control.exchange(context, route)).rejects.toMatchObject({ code: 'tenant_token_revoked', status: 401 });
});

it('issues a token for the service itself, that reaches the database', async () => {
  expect((await control.issueToken('ten_1', { id: 'clinic-claims', roles: [] })).reveal()).toBe('a.b.c');
  expect(JSON.parse(asked.find(({ path }) => path.endsWith('/tokens'))?.body ?? '')).toEqual({
    audience: 'clinic',
    subject: { kind: 'service', id: 'clinic-claims' },
    roles: [],
    database: true,
  });
});
