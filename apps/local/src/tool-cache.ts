import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localError } from './local-error.js';

interface ToolEntry {
  readonly folder: string;
}

/** Where the tools lie that the bootstrap brought. */
export interface Tools {
  /** Python of the virtual environment that holds the AWS API emulator. */
  readonly python: string;
  readonly temporal: string;
  /** Folder whose `bin/pulumi` is the Pulumi CLI. */
  readonly pulumiRoot: string;
}

function toolsFolder(): string {
  const { BULKHEAD_TOOLS_DIR: chosen, XDG_CACHE_HOME: cache } = process.env;
  if (chosen) return chosen;
  return join(cache || join(homedir(), '.cache'), 'bulkhead', 'tools');
}

/**
 * Finds the tools in the cache that the bootstrap fills (apps/local/bootstrap). The versions are part of the folder
 * names, so that two clones of different age can share one cache.
 * @throws BulkheadError `local_tool_missing`.
 */
export function locateTools(): Tools {
  const listed = JSON.parse(readFileSync(fileURLToPath(new URL('../tools.json', import.meta.url)), 'utf8')) as {
    python: ToolEntry;
    pulumi: ToolEntry;
  };
  const folderOf = (entry: ToolEntry) => join(toolsFolder(), `${entry.folder}-${process.platform}-${process.arch}`);
  const tools: Tools = {
    python: join(folderOf(listed.python), 'bin', 'python'),
    temporal: join(folderOf(listed.python), 'bin', 'temporal'),
    pulumiRoot: folderOf(listed.pulumi),
  };
  for (const file of [tools.python, tools.temporal]) {
    if (existsSync(file)) continue;
    throw localError(
      'local_tool_missing',
      `The tool ${file} is not there.`,
      'Run `npm run build`, which brings the tools.',
    );
  }
  return tools;
}
