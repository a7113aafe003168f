import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BulkheadError } from '@bulkhead/kernel';

const sdk = createRequire(import.meta.url)('@pulumi/pulumi/package.json') as { version: string };

/**
 * Asks the CLI for its version, once for all runs.
 * @throws BulkheadError `pulumi_unusable` (500) when it does not start or is not the version of the SDK.
 */
export async function pulumiVersion(root: string): Promise<string> {
  const cli = join(root, 'bin', 'pulumi');
  const environment = { PULUMI_SKIP_UPDATE_CHECK: 'true', HOME: root };
  const found = await promisify(execFile)(cli, ['version'], { env: environment, timeout: 60_000 }).then(
    ({ stdout }) => stdout.trim().replace(/^v/, ''),
    (error: unknown) => {
      throw unusable(`The Pulumi CLI at ${cli} does not start.`, error);
    },
  );
  if (found !== sdk.version) throw unusable(`The Pulumi CLI at ${cli} is ${found || 'of no version'}.`);
  return found;
}

function unusable(publicMessage: string, cause?: unknown): BulkheadError {
  return new BulkheadError({
    code: 'pulumi_unusable',
    status: 500,
    publicMessage,
    remediation: `Install Pulumi ${sdk.version} there: CLI and SDK must be the same version.`,
    cause,
  });
}
