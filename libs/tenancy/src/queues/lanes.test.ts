import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { TenantDatabases } from '../database/tenant-databases.js';
import { LaneClaims, Lanes } from './lanes.js';

it('asks for a login again that could not be had', async () => {
  // An address that nothing listens at any more.
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  let asked = 0;
  const connect = async () => {
    asked += 1;
    if (asked === 1) throw new Error('The secret store is away');
    return { host: '127.0.0.1', port, user: 'nobody', database: 'none' };
  };
  const claims = new LaneClaims(connect, 'cel_1', new Lanes({} as TenantDatabases));
  await expect(claims.claim(1, 1_000, 1)).rejects.toThrow('The secret store is away');
  await expect(claims.claim(1, 1_000, 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(claims.claim(1, 1_000, 1)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(asked).toBe(2);
  await claims.close();
});
