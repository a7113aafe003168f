import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock.mjs';

/** Versions of the tools; apps/local/src/tool-cache.ts reads the same file. */
export const TOOLS = JSON.parse(readFileSync(new URL('../tools.json', import.meta.url), 'utf8'));

/** Folder of the tools, outside the clone, so that the next clone has them too. */
export function cacheFolder(env = process.env) {
  return env.BULKHEAD_TOOLS_DIR || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'bulkhead', 'tools');
}

/** Folder of one tool. Its name holds the version: an update is another folder, and old clones keep theirs. */
export function toolFolder(name) {
  return join(cacheFolder(), `${TOOLS[name].folder}-${process.platform}-${process.arch}`);
}

/**
 * Installs a tool unless its folder is there. `install(folder)` fills a temporary folder, which gets its name when it is
 * complete: a killed install leaves nothing that looks finished.
 * @returns {Promise<string>} the tool's folder
 */
export async function ensureTool(name, install) {
  const folder = toolFolder(name);
  if (existsSync(folder)) return folder;
  return await withLock(join(cacheFolder(), `${name}.lock`), `installing ${name}`, async () => {
    if (existsSync(folder)) return folder;
    const partial = `${folder}.partial-`;
    // The lock is ours: these are remains of killed installs.
    for (const entry of readdirSync(cacheFolder())) {
      const path = join(cacheFolder(), entry);
      if (path.startsWith(partial)) rmSync(path, { recursive: true, force: true });
    }
    const temporary = `${partial}${process.pid}`;
    mkdirSync(temporary, { recursive: true });
    try {
      await install(temporary);
      renameSync(temporary, folder);
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true });
      throw error;
    }
    return folder;
  });
}
