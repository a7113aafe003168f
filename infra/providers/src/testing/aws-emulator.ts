import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@bulkhead/kernel';
import { locateTools } from './tools.js';

const CREDENTIALS = { accessKeyId: 'AKIAROOTROOTROOTROOT', secretAccessKey: 'root-secret-of-the-test-emulator' };

/** A running AWS API emulator with IAM enforced. */
export interface AwsEmulator {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

/** A TCP port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts the emulator on a port and in a folder of its own. */
export async function startAwsEmulator(): Promise<AwsEmulator> {
  const { emulator } = locateTools();
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-aws-'));
  const [command, ...args] = emulator;
  const child = spawn(command, args, {
    cwd: folder,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      TMPDIR: folder,
      PYTHONDONTWRITEBYTECODE: '1',
      // The defaults listen on all interfaces.
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      SFTP_ENABLED: '0',
      IOT_MTLS_ENABLED: '0',
      AUTH: 'true',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      MINISTACK_REGION: 'us-east-1',
      MINISTACK_ACCOUNT_ID: '000000000000',
      LOG_LEVEL: 'ERROR',
    },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  await waitFor('the AWS emulator', async () => (await fetch(`${endpoint}/_ministack/health`)).ok, {
    timeoutMs: 30_000,
  });
  return { endpoint, region: 'us-east-1', credentials: CREDENTIALS, stop };
}
