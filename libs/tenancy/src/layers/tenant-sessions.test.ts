import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TenantLayer } from './tenant-layers.js';
import { TenantSessions } from './tenant-sessions.js';

let server: Server;
let sessions: TenantSessions;
let given = 0;

beforeAll(async () => {
  server = createServer((_, response) => {
    given += 1;
    const ends = new Date(Date.now() + 900_000).toISOString();
    response.setHeader('content-type', 'text/xml');
    response.end(`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>a${given}</AccessKeyId>
      <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${ends}</Expiration>
      </Credentials></AssumeRoleResult></AssumeRoleResponse>`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const credentials = { accessKeyId: 'service', secretAccessKey: 'service' };
  sessions = new TenantSessions({ region: 'eu-central-1', endpoint: `http://127.0.0.1:${port}`, credentials });
});
afterAll(() => {
  sessions.close();
  server.close();
});

const access = { roleArn: 'arn:aws:iam::000000000000:role/cell', externalId: 'cell' };
const layer = (tenantId: string) =>
  ({
    tenantId,
    layer: 'storage',
    bindingId: 'bnd_1',
    epoch: 1,
    place: { access },
  }) as unknown as TenantLayer<'storage'>;
const statements = [{ Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::bucket/prefix/*'] }];
const idOf = async (tenantId: string, leastSeconds: number) =>
  (await sessions.credentials(layer(tenantId), statements, { leastSeconds })).accessKeyId;

it('is used again while it is good for as long as is asked, and never for another tenant', async () => {
  const first = await idOf('ten_a', 600);
  expect(await idOf('ten_a', 600)).toBe(first);
  expect(await idOf('ten_a', 0)).toBe(first);
  expect(await idOf('ten_b', 0)).not.toBe(first);
  expect(await idOf('ten_a', 900)).not.toBe(first);
  expect(given).toBe(3);
});
