import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newId, Redacted } from '@bulkhead/kernel';
import { retryAfterMs } from './courier.js';
import { Prover, type ProverOptions } from './prover.js';

// What the proof makes of answers that no service of ours gives: those of whatever stands in front of it.

const now = Date.parse('2026-10-21T07:28:00Z');

it.each([
  ['7', 7_000],
  ['0', 0],
  ['86400', 60_000],
  ['Wed, 21 Oct 2026 07:28:05 GMT', 5_000],
  ['Wed, 21 Oct 2026 07:27:00 GMT', 0],
  ['soon', 1_000],
  [null, 1_000],
])('a service that says %p is left alone for %p ms', (value, ms) => {
  expect(retryAfterMs(value, now)).toBe(ms);
});

it('an answer that is no JSON is told by its address and status', async () => {
  const server = createServer((_, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const oidcIssuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = { oidcIssuer, apiUrl: oidcIssuer, clientId: 'c', clientSecret: new Redacted('s') };
  const token = new Prover(options as ProverOptions).token(newId('tenant'), { audience: 'a', roles: [] });
  await expect(token).rejects.toMatchObject({
    code: 'answer_unreadable',
    publicMessage: `${oidcIssuer}/.well-known/openid-configuration answered 502 with something that is no JSON.`,
  });
  server.close();
});
