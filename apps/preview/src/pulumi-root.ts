import { access, constants, readFile, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { previewError } from './preview-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the bootstrap of the local stack installs, and the only place that says so. */
const TOOLS = new URL('../../local/tools.json', import.meta.url);

/**
 * Folder whose `bin/pulumi` is the CLI: BULKHEAD_PULUMI_ROOT, the tool cache that `npm start` and `npm run build` fill,
 * or what is in the PATH or in `~/.pulumi`. The cache is before the PATH because its version is the one that is needed.
 * @throws BulkheadError `pulumi_missing` (422).
 */
export async function findPulumi(environment: Environment): Promise<string> {
  const { BULKHEAD_PULUMI_ROOT, BULKHEAD_TOOL_PULUMI_ROOT, PATH = '' } = environment;
  const cached = await cachedRoot(environment);
  for (const root of [BULKHEAD_PULUMI_ROOT, BULKHEAD_TOOL_PULUMI_ROOT, cached])
    if (root && (await has(root))) return root;
  for (const folder of PATH.split(delimiter)) {
    const file = await realpath(join(folder, 'pulumi')).catch(() => undefined);
    if (file !== undefined && basename(dirname(file)) === 'bin') return dirname(dirname(file));
  }
  const home = join(homeOf(environment), '.pulumi');
  if (await has(home)) return home;
  const remedy = `Run \`npm run build\`, which puts it into ${cached}, put it in the PATH, or name its folder in BULKHEAD_PULUMI_ROOT.`;
  throw previewError('pulumi_missing', 'The Pulumi CLI is not there.', remedy);
}

/** Where apps/local/bootstrap/tool-cache.mjs puts it. */
async function cachedRoot(environment: Environment): Promise<string> {
  const { BULKHEAD_TOOLS_DIR, XDG_CACHE_HOME } = environment;
  const { pulumi } = JSON.parse(await readFile(TOOLS, 'utf8')) as { pulumi: { folder: string } };
  const tools = BULKHEAD_TOOLS_DIR || join(XDG_CACHE_HOME || join(homeOf(environment), '.cache'), 'bulkhead', 'tools');
  return join(tools, `${pulumi.folder}-${process.platform}-${process.arch}`);
}

function homeOf({ HOME }: Environment): string {
  return HOME || homedir();
}

async function has(root: string): Promise<boolean> {
  return access(join(root, 'bin', 'pulumi'), constants.X_OK).then(
    () => true,
    () => false,
  );
}
