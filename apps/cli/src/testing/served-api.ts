import { ApiFixture } from '@bulkhead/api/testing';
import type { AddressInfo } from 'node:net';

/** The real API on a real database, listening on loopback. */
export async function serveApi(
  changes: Parameters<typeof ApiFixture.start>[0] = {},
): Promise<{ api: ApiFixture; url: string }> {
  const api = await ApiFixture.start(changes);
  await api.app.listen(0, '127.0.0.1');
  const { port } = api.app.getHttpServer().address() as AddressInfo;
  return { api, url: `http://127.0.0.1:${port}` };
}
