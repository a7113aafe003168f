import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bookForEach } from './clinic-visit.js';

const TENANTS = [
  { id: 'ten_1', name: 'One' },
  { id: 'ten_2', name: 'Two' },
];

/** What a clinic answers to a look at an appointment; tokens are the tenants' ids. */
type Look = (asker: string, owner: string | undefined) => { status: number; body: object };

const missing = { status: 404, body: { errorCode: 'appointment_not_found' } };
const honest: Look = (asker, owner) => (asker === owner ? { status: 200, body: {} } : missing);

let server: Server;
async function clinicThat(look: Look): Promise<string> {
  const owners = new Map<string, string>();
  server = createServer((request, response) => {
    const asker = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const id = request.url?.split('/')[3];
    let answer: { status: number; body: object };
    if (request.method === 'POST') {
      const made = `apt_${owners.size}`;
      owners.set(made, asker);
      answer = { status: 201, body: { id: made } };
    } else {
      const seen = look(asker, owners.get(id ?? ''));
      answer = { ...seen, body: seen.status === 200 ? { id } : seen.body };
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function visit(look: Look): Promise<{ kept: boolean; lines: string[] }> {
  const lines: string[] = [];
  const issuer = { post: async <T>(path: string) => ({ token: path.split('/')[3] }) as T };
  const kept = await bookForEach(issuer, await clinicThat(look), TENANTS, (line) => lines.push(line));
  return { kept, lines };
}

it('finds nothing wrong where each tenant sees its own appointment only', async () => {
  const { kept, lines } = await visit(honest);
  expect(kept).toBe(true);
  expect(lines.map((line) => line.trim().split(' ')[0])).toEqual(['ok', 'ok', 'ok', 'ok']);
});

it.each<[string, Look]>([
  ['one tenant sees what the other booked', (_, owner) => (owner === undefined ? missing : { status: 200, body: {} })],
  ['a tenant does not see its own', () => missing],
  [
    'the answer tells what is another’s from what never was',
    (asker, owner) => (owner !== undefined && owner !== asker ? { status: 403, body: {} } : honest(asker, owner)),
  ],
  [
    'the code of the answer tells it',
    (asker, owner) =>
      owner !== undefined && owner !== asker
        ? { status: 404, body: { errorCode: 'other_tenant' } }
        : honest(asker, owner),
  ],
])('fails when %s', async (_, look) => {
  const { kept, lines } = await visit(look);
  expect(kept).toBe(false);
  expect(lines.some((line) => line.includes('BAD'))).toBe(true);
});
