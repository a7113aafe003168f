import { chmodSync, mkdirSync, readFileSync, renameSync, statfsSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { localError } from './local-error.js';

const SMALLEST_FREE_BYTES = 1024 ** 3;

/** The folder that holds everything the embedded stack keeps between two starts. */
export interface StateFolder {
  readonly dir: string;
  path(...parts: string[]): string;
}

// Postgres does not run as root and is started as another user then, who must be able to walk to its data folder;
// files with secrets have modes of their own.
function folderMode(): number {
  return process.getuid?.() === 0 ? 0o711 : 0o700;
}

function requireDiskSpace(dir: string): void {
  const { bavail, bsize } = statfsSync(dir);
  const free = bavail * bsize;
  if (free >= SMALLEST_FREE_BYTES) return;
  throw localError(
    'local_disk_full',
    `Only ${Math.floor(free / 1024 ** 2)} MB are free on the disk of ${dir}; the stack needs 1024 MB.`,
    'Free some space, or choose a folder on another disk with BULKHEAD_DIR.',
  );
}

/**
 * Makes the folder and its parts when they are missing.
 * @throws BulkheadError `local_disk_full`, `local_folder_unusable`.
 */
export function openStateFolder(folder: string): StateFolder {
  const dir = isAbsolute(folder) ? folder : resolve(folder);
  const path = (...parts: string[]) => join(dir, ...parts);
  try {
    for (const part of ['.', 'run', 'logs', 'temporal', 'aws', 'rds', 'pulumi-home']) {
      mkdirSync(path(part), { recursive: true, mode: folderMode() });
    }
    chmodSync(dir, folderMode());
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw localError(
      'local_folder_unusable',
      `The state folder ${dir} cannot be written (${reason}).`,
      'Mend its permissions, or choose another folder with BULKHEAD_DIR.',
      error,
    );
  }
  requireDiskSpace(dir);
  return { dir, path };
}

/** Reads a JSON file, or undefined when it is not there. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw localError(
      'local_file_damaged',
      `The file ${file} cannot be read as JSON.`,
      'Restore it, or run `npm run reset` to begin anew (this deletes the local tenants).',
      error,
    );
  }
}

/** Replaces a file in one step, readable by its owner only: a kill in between leaves the old text or the new one. */
export function writePrivateFile(file: string, text: string): void {
  const partial = `${file}.partial`;
  writeFileSync(partial, text, { mode: 0o600, flush: true });
  renameSync(partial, file);
}
