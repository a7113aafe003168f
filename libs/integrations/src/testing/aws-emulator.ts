import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@bulkhead/kernel';

const ROOT = { accessKeyId: 'AKIAROOTROOTROOTROOT', secretAccessKey: 'root-secret-of-the-test-emulator' };

export interface AwsEmulator {
  readonly endpoint: string;
  readonly region: string;
  /** The root key: for setting the stage only. */
  readonly root: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

/** Starts an AWS API emulator that enforces IAM, on a port and in a folder of its own. */
export async function startAwsEmulator(): Promise<AwsEmulator> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-aws-'));
  const [command, ...args] = emulatorCommand();
  const child = spawn(command, args, {
    cwd: folder,
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
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
      AWS_ACCESS_KEY_ID: ROOT.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
      MINISTACK_REGION: 'us-east-1',
      MINISTACK_ACCOUNT_ID: '000000000000',
      LOG_LEVEL: 'ERROR',
    },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const ready = async (): Promise<boolean> => (await fetch(`${endpoint}/_ministack/health`)).ok;
  await waitFor('the AWS emulator', ready, { timeoutMs: 30_000 });
  return {
    endpoint,
    region: 'us-east-1',
    root: ROOT,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where the local stack's bootstrap puts the emulator, or what BULKHEAD_TOOL_MINISTACK names. */
function emulatorCommand(): [string, ...string[]] {
  const { BULKHEAD_TOOL_MINISTACK, BULKHEAD_TOOLS_DIR, XDG_CACHE_HOME } = process.env;
  if (BULKHEAD_TOOL_MINISTACK) return [BULKHEAD_TOOL_MINISTACK];
  const list = readFileSync(new URL('../../../../apps/local/tools.json', import.meta.url), 'utf8');
  const { python } = JSON.parse(list) as { python: { folder: string } };
  const tools = BULKHEAD_TOOLS_DIR || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'bulkhead', 'tools');
  const program = join(tools, `${python.folder}-${process.platform}-${process.arch}`, 'bin', 'python');
  if (!existsSync(program)) throw new Error(`${program} is not there: run \`npm run build\`, which brings the tools`);
  return [program, '-m', 'ministack'];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
