import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** The SQL files are read where they are written; the build copies nothing. */
const FOLDER = new URL('../../migrations/', import.meta.url);

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text, hexadecimal: a file that has run must not change. */
  readonly digest: string;
}

/** Every migration, in order. Their versions are 1, 2, 3 and so on. */
export function shippedMigrations(): readonly Migration[] {
  const files = readdirSync(FOLDER).filter((name) => /^\d{4}-.+\.sql$/.test(name));
  return files.toSorted().map((name, index) => {
    const version = Number(name.slice(0, 4));
    if (version !== index + 1) throw new Error(`${name} is out of order: version ${index + 1} is next`);
    const sql = readFileSync(new URL(name, FOLDER), 'utf8');
    return { version, name, sql, digest: createHash('sha256').update(sql).digest('hex') };
  });
}

/** The version that this release of the service works with. */
export const REQUIRED_VERSION = shippedMigrations().length;
