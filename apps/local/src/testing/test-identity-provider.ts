import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startIdentityProvider, type IdentityProvider } from '../identity-provider.js';
import { loadSecrets } from '../local-secrets.js';
import { openStateFolder } from '../state-folder.js';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The development identity provider alone, with state of its own. */
export async function startTestIdentityProvider(): Promise<IdentityProvider> {
  const dir = mkdtempSync(join(tmpdir(), 'bulkhead-identity-'));
  const folder = openStateFolder(dir);
  const provider = await startIdentityProvider(folder, { port: await freePort(), secrets: loadSecrets(folder) });
  const close = async (): Promise<void> => {
    await provider.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { ...provider, close };
}
