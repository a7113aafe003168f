import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { npmCommand } from './prerequisites.mjs';
import { during, Stop } from './report.mjs';
import { capture, tail } from './run.mjs';
import { cacheFolder } from './tool-cache.mjs';

const STAMP = '.bulkhead-packages';

function stampOf(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}`).digest('hex');
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * Whether node_modules is what the lock file asks for. npm writes `node_modules/.package-lock.json` at the end of every
 * install; comparing the two keeps `npm ci` from undoing an `npm install` that somebody has just made.
 * @param {{ packages: Record<string, any> }} wanted the lock file
 * @param {{ packages: Record<string, any> } | undefined} installed npm's record of what is installed
 */
export function isInstalled(wanted, installed) {
  if (!installed) return false;
  for (const [path, entry] of Object.entries(wanted.packages)) {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) continue;
    const found = installed.packages[path];
    // Optional packages are those of other platforms, too.
    if (!found && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (!found || found.version !== entry.version || found.integrity !== entry.integrity) return false;
  }
  return true;
}

async function npm(root, args) {
  const { command, prefix } = npmCommand();
  return await capture(command, [...prefix, ...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root });
}

async function install(root) {
  let result = await npm(root, ['ci']);
  // A lock file that was written where the registry has no packages for other platforms does not name them, and some
  // versions of npm refuse it for that. Installing takes the locked versions just the same and saves nothing.
  if (result.code !== 0 && /\bEUSAGE\b/.test(result.output)) result = await npm(root, ['install', '--no-save']);
  if (result.code === 0) return;
  throw new Stop(
    `The npm packages could not be installed:\n${tail(result.output)}`,
    'Check the connection to the npm registry and run the command again.',
  );
}

/** Installs the npm packages when node_modules is missing or older than package-lock.json. */
export async function ensurePackages(root) {
  const stamp = stampOf(root);
  const stampFile = join(root, 'node_modules', STAMP);
  if (readText(stampFile) === stamp) return;
  const name = createHash('sha256').update(root).digest('hex').slice(0, 12);
  await withLock(join(cacheFolder(), `packages-${name}.lock`), 'installing the npm packages', async () => {
    if (readText(stampFile) === stamp) return;
    const installed = readText(join(root, 'node_modules', '.package-lock.json'));
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    if (!isInstalled(wanted, installed && JSON.parse(installed))) {
      await during('Installing the npm packages', () => install(root));
    }
    writeFileSync(stampFile, stamp);
  });
}
