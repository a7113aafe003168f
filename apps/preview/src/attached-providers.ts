import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { previewError } from './preview-error.js';

export interface AttachedProviders {
  /** As PULUMI_DEBUG_PROVIDERS wants it. */
  readonly ports: string;
  stop(): Promise<void>;
}

/** Nobody listens on the discard port of loopback: whatever would ask a cloud fails at once instead of finding one. */
const NO_CLOUD = 'http://127.0.0.1:9';

/**
 * Starts the providers for previews, in a process that has no credentials and no cloud. They answer Check, Diff and
 * previews of Create and Update by their rules alone.
 */
export function startProviders(): Promise<AttachedProviders> {
  return start({
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: NO_CLOUD,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  });
}

async function start(environment: Readonly<Record<string, string | undefined>>): Promise<AttachedProviders> {
  const entry = createRequire(import.meta.url).resolve('@bulkhead/providers');
  const child = spawn(process.execPath, [join(dirname(entry), 'main.js')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  const exited = once(child, 'exit');
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), exited.then(() => undefined)]);
  if (!line)
    throw previewError('providers_unusable', 'The providers did not start.', 'Run `npm run build` and try again.');
  const { aws, bulkhead } = JSON.parse(String(line[0])) as { aws: number; bulkhead: number };
  return {
    ports: `aws:${aws},bulkhead:${bulkhead}`,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
