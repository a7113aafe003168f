import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { Redacted } from '@bulkhead/kernel';
import { contextFor } from '../testing/index.js';
import { runWithTenant, type TenantContext } from './tenant-context.js';
import { tenantFetch, type TenantFetchOptions } from './tenant-fetch.js';

const received: { path: string | undefined; headers: IncomingHttpHeaders }[] = [];
const server = createServer((request, response) => {
  received.push({ path: request.url, headers: request.headers });
  if (request.url === '/away') response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  else response.end('ok');
});
let origin: string;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => void (received.length = 0));

const contextOf = (tenantId: string): TenantContext => ({
  ...contextFor(tenantId),
  token: new Redacted(`incoming of ${tenantId}`),
});
const exchange = () =>
  jest.fn<TenantFetchOptions['exchange']>(async ({ tenantId }, audience) => ({
    token: `${tenantId} for ${audience}`,
    expiresAt: Date.now() / 1000 + 300,
  }));
const call = (options: Partial<TenantFetchOptions> = {}) =>
  tenantFetch({ audience: 'billing', origin, exchange: exchange(), ...options });

it('carries a token for the other service, and never the one that came in', async () => {
  const billing = call();
  const headers = { authorization: 'Bearer incoming of ten_a', 'x-kept': '1' };
  const response = await runWithTenant(contextOf('ten_a'), () => billing('/v1/claims', { headers }));
  expect(await response.text()).toBe('ok');
  expect(received).toMatchObject([
    { path: '/v1/claims', headers: { authorization: 'Bearer ten_a for billing', 'x-kept': '1' } },
  ]);
  expect(JSON.stringify(received)).not.toContain('incoming');
});

it('takes the token of the tenant whose work it is, however calls are interleaved', async () => {
  const billing = call();
  const tenants = Array.from({ length: 20 }, (_, index) => `ten_${index}`);
  await Promise.all(tenants.map((tenantId) => runWithTenant(contextOf(tenantId), () => billing(`/${tenantId}`))));
  expect(received).toHaveLength(20);
  for (const { path, headers } of received) expect(headers.authorization).toBe(`Bearer ${path?.slice(1)} for billing`);
});

it('exchanges once for one request, and again when the token is about to expire', async () => {
  const asked = exchange();
  const billing = call({ exchange: asked });
  await runWithTenant(contextOf('ten_a'), async () => {
    await billing('/1');
    await billing('/2');
  });
  expect(asked).toHaveBeenCalledTimes(1);
  asked.mockResolvedValue({ token: 'short', expiresAt: Date.now() / 1000 + 5 });
  await runWithTenant(contextOf('ten_a'), async () => {
    await billing('/1');
    await billing('/2');
  });
  expect(asked).toHaveBeenCalledTimes(3);
});

it('goes nowhere else: no other origin, no redirection, nothing without a tenant, no token that was not exchanged', async () => {
  const billing = call();
  const inside = (path: string) => runWithTenant(contextOf('ten_a'), () => billing(path));
  await expect(inside('http://127.0.0.1:1/')).rejects.toMatchObject({ code: 'foreign_origin' });
  await expect(inside('//evil.example/')).rejects.toMatchObject({ code: 'foreign_origin' });
  expect(received).toEqual([]);
  await expect(inside('/away')).rejects.toThrow('fetch failed');
  await expect(billing('/')).rejects.toMatchObject({ code: 'no_tenant_context' });
  const passedOn = call({ exchange: async ({ token }) => ({ token: token.reveal(), expiresAt: 4e9 }) });
  const asked = runWithTenant(contextOf('ten_a'), () => passedOn('/'));
  await expect(asked).rejects.toMatchObject({ code: 'token_not_exchanged' });
  expect(received).toHaveLength(1);
});
