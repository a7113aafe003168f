import { createWriteStream, existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { usageError } from '../usage-error.js';

/** @throws BulkheadError `file_exists` */
export function refuseExisting(file: string): void {
  if (existsSync(file))
    throw usageError('file_exists', `${file} exists already.`, 'Name another file, or remove this one first.');
}

/**
 * Writes a file that has its name only when it is whole.
 * @param mode who may read it; as the process's umask says unless given.
 * @throws BulkheadError `file_unwritable`, and what the content throws.
 */
export async function saveWhole(content: Readable, file: string, mode?: number): Promise<void> {
  const partial = `${file}.partial`;
  try {
    await pipeline(content, createWriteStream(partial, mode === undefined ? {} : { mode }));
    await rename(partial, file);
  } catch (error) {
    const { code, path, syscall } = error as NodeJS.ErrnoException;
    // A full disk is told by the write, which names no file.
    if (path === undefined && syscall !== 'write') throw error;
    const remediation = 'Check that its folder is there, that you may write to it, and that the disk is not full.';
    throw usageError('file_unwritable', `${file} cannot be written (${code}).`, remediation, error);
  }
}
