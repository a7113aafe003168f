import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { BulkheadError } from '@bulkhead/kernel';

/** Folder of the control database's migrations; beside `dist`, because the compiler does not copy SQL. */
export const CONTROL_MIGRATIONS = fileURLToPath(new URL('../migrations', import.meta.url));

/** Any constant will do, as long as every runner of every release takes the same one. */
const MIGRATION_LOCK = 7_264_118_001;

export interface Migration {
  /** File name without folder, such as `0010_audit.sql`; its order is the order of execution. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly checksum: string;
}

/**
 * Reads the numbered `*.sql` files of the folders, sorted by name.
 * @throws Error when two folders hold a file of one name, or a name does not start with four digits.
 */
export async function readMigrations(folders: readonly string[] = [CONTROL_MIGRATIONS]): Promise<Migration[]> {
  const migrations = new Map<string, Migration>();
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.sql'));
    for (const name of names) {
      if (!/^\d{4}_[a-z0-9_]+\.sql$/.test(name)) throw new Error(`Migration ${name} must be named like 0001_words.sql`);
      if (migrations.has(name)) throw new Error(`Migration ${name} exists in two folders`);
      const sql = await readFile(join(folder, name), 'utf8');
      migrations.set(name, { name, sql, checksum: createHash('sha256').update(sql).digest('hex') });
    }
  }
  return [...migrations.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Applies what is missing, each file in a transaction of its own, in the order of the names. Runners that start at
 * the same time wait for each other. Connect as the migrator, who then owns what the files create.
 * @returns the names applied by this call; empty when the database was up to date.
 * @throws BulkheadError `migration_changed` when a file differs from what was applied; nothing is applied then.
 * @throws BulkheadError `migration_failed` with the file's name; earlier files stay applied.
 */
export async function runMigrations(url: string, folders?: readonly string[]): Promise<string[]> {
  const migrations = await readMigrations(folders);
  const client = new pg.Client({ connectionString: url, application_name: 'bulkhead-migrate' });
  await client.connect();
  try {
    // Held by the session: a runner that dies lets go of it with its connection.
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const waiting = await notYetApplied(client, migrations);
    for (const migration of waiting) await apply(client, migration);
    return waiting.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

async function notYetApplied(client: pg.Client, migrations: readonly Migration[]): Promise<Migration[]> {
  await client.query('create schema if not exists migrations');
  await client.query(`create table if not exists migrations.applied (
    name text primary key, checksum text not null, applied_at timestamptz not null default now())`);
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from migrations.applied',
  );
  const applied = new Map(rows.map((row) => [row.name, row.checksum]));
  const changed = migrations.find((m) => applied.has(m.name) && applied.get(m.name) !== m.checksum);
  if (changed) {
    throw new BulkheadError({
      code: 'migration_changed',
      status: 500,
      publicMessage: `Migration ${changed.name} was changed after it had been applied to this database.`,
      remediation: `Restore ${changed.name} as it was applied, and put the change into a new, higher-numbered file.`,
    });
  }
  return migrations.filter((m) => !applied.has(m.name));
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query('insert into migrations.applied (name, checksum) values ($1, $2)', [
      migration.name,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    const reason = error instanceof Error ? error.message : String(error);
    throw new BulkheadError({
      code: 'migration_failed',
      status: 500,
      publicMessage: `Migration ${migration.name} failed: ${reason}`,
      remediation: `Nothing of ${migration.name} was kept. Mend the cause and run the migrations again.`,
      cause: error,
    });
  }
}

/** `node migrate.js [folder …]`: the control database's files and those of the given folders, as one sequence. */
async function main(): Promise<void> {
  const url = process.env.BULKHEAD_MIGRATOR_URL;
  if (!url) throw new Error('Set BULKHEAD_MIGRATOR_URL to the address of the control database as the migrator role.');
  const applied = await runMigrations(url, [CONTROL_MIGRATIONS, ...process.argv.slice(2)]);
  process.stdout.write(applied.length === 0 ? 'Up to date.\n' : applied.map((name) => `Applied ${name}\n`).join(''));
}

function isScript(): boolean {
  try {
    return realpathSync(process.argv[1] ?? '') === fileURLToPath(import.meta.url);
  } catch {
    return false;
  }
}

if (isScript()) {
  main().catch((error: unknown) => {
    const help = error instanceof BulkheadError ? ` ${error.remediation}` : '';
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}${help}\n`);
    process.exitCode = 1;
  });
}
