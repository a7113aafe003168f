import { access, constants, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { previewError } from './preview-error.js';

/**
 * Folder whose `bin/pulumi` is the CLI: BULKHEAD_PULUMI_ROOT, or what is in the PATH or in `~/.pulumi`.
 * @throws BulkheadError `pulumi_missing` (422).
 */
export async function findPulumi(environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  const { BULKHEAD_PULUMI_ROOT, BULKHEAD_TOOL_PULUMI_ROOT, PATH = '' } = environment;
  for (const root of [BULKHEAD_PULUMI_ROOT, BULKHEAD_TOOL_PULUMI_ROOT]) if (root && (await has(root))) return root;
  for (const folder of PATH.split(delimiter)) {
    const file = await realpath(join(folder, 'pulumi')).catch(() => undefined);
    if (file !== undefined && basename(dirname(file)) === 'bin') return dirname(dirname(file));
  }
  const home = join(homedir(), '.pulumi');
  if (await has(home)) return home;
  const remedy = 'Put it in the PATH, or name its folder in BULKHEAD_PULUMI_ROOT.';
  throw previewError('pulumi_missing', 'The Pulumi CLI is not there.', remedy);
}

async function has(root: string): Promise<boolean> {
  return access(join(root, 'bin', 'pulumi'), constants.X_OK).then(
    () => true,
    () => false,
  );
}
