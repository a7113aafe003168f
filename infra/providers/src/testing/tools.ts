import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

interface ToolList {
  readonly python: { readonly folder: string };
  readonly pulumi: { readonly folder: string };
}

/** Programs that the tests start. */
export interface Tools {
  /** Command line of the AWS API emulator. */
  readonly emulator: readonly [string, ...string[]];
  /** Folder whose `bin/pulumi` is the Pulumi CLI. */
  readonly pulumiRoot: string;
}

/**
 * Finds the tools where the local stack's bootstrap puts them. BULKHEAD_TOOL_MINISTACK and BULKHEAD_TOOL_PULUMI_ROOT
 * name others.
 * @throws Error naming the file that is missing.
 */
export function locateTools(): Tools {
  const { BULKHEAD_TOOLS_DIR, XDG_CACHE_HOME, BULKHEAD_TOOL_MINISTACK, BULKHEAD_TOOL_PULUMI_ROOT } = process.env;
  const listed = JSON.parse(
    readFileSync(new URL('../../../../apps/local/tools.json', import.meta.url), 'utf8'),
  ) as ToolList;
  const root = BULKHEAD_TOOLS_DIR || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'bulkhead', 'tools');
  const folder = (name: string): string => join(root, `${name}-${process.platform}-${process.arch}`);
  const python = join(folder(listed.python.folder), 'bin', 'python');
  const pulumiRoot = BULKHEAD_TOOL_PULUMI_ROOT ?? folder(listed.pulumi.folder);
  const emulator: [string, ...string[]] = BULKHEAD_TOOL_MINISTACK
    ? [BULKHEAD_TOOL_MINISTACK]
    : [python, '-m', 'ministack'];
  for (const file of [emulator[0], join(pulumiRoot, 'bin', 'pulumi')]) {
    if (!existsSync(file)) throw new Error(`${file} is not there: run \`npm run build\`, which brings the tools`);
  }
  return { emulator, pulumiRoot };
}
