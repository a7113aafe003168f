import { setTimeout as delay } from 'node:timers/promises';
import { BulkheadError } from '@bulkhead/kernel';
import pg from 'pg';
import { shippedMigrations, type Migration } from './migrations.js';

/**
 * Two numbers, so that it can never be one of the fence's locks, which are named by one. It is held by the session: two
 * migrators of one database follow each other. Whoever runs SQL in the database can hold it too, so nobody waits for it
 * without end: the fleet tries this database again later.
 */
const LOCK = 'SELECT pg_advisory_lock(7264130, 1)';
/** A change of a table waits so long for those who use it, and everybody who comes meanwhile waits behind it. */
const LOCK_TIMEOUT_MS = 2_000;
const TRIES = 30;
const PAUSE_MS = 500;
const CONNECT_TIMEOUT_MS = 10_000;

export interface MigrationResult {
  /** Version that was found; 0 for a new database. */
  readonly from: number;
  readonly to: number;
}

/**
 * Brings one database to the newest version. Each file runs in a transaction of its own together with the row that
 * records it, so a run that was cut off goes on where it ended, and a repetition does nothing.
 * @param login of the database's migrator, which may take the owner's role.
 * @param migrations what there is; a database that is ahead of it is left as it is.
 * @throws BulkheadError `migration_changed` (409) when a file was edited after it had run.
 */
export async function migrateDatabase(
  login: pg.ClientConfig,
  migrations: readonly Migration[] = shippedMigrations(),
): Promise<MigrationResult> {
  const client = new pg.Client({ ...login, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await takeOwnership(client);
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await patiently(() => client.query(LOCK));
    await prepare(client);
    const applied = await appliedDigests(client);
    refuseChanged(applied, migrations);
    for (const migration of migrations) {
      if (!applied.has(migration.version)) await patiently(() => apply(client, migration));
    }
    return { from: applied.size, to: Math.max(applied.size, migrations.length) };
  } finally {
    // The lock ends with the session.
    await client.end();
  }
}

/** What is made must belong to the role that owns the plane schema: row security binds everybody else. */
async function takeOwnership(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ owner: string }>(
    `SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = 'bulkhead'`,
  );
  const [schema] = rows;
  if (schema === undefined) throw notATenantDatabase();
  await client.query(`SET ROLE ${client.escapeIdentifier(schema.owner)}`);
}

/** Nothing here is granted to anybody; the service asks app.clinic_version(). */
async function prepare(client: pg.Client): Promise<void> {
  await client.query('CREATE SCHEMA IF NOT EXISTS clinic');
  await client.query(`CREATE TABLE IF NOT EXISTS clinic.migration (
    version integer PRIMARY KEY, name text NOT NULL, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
}

async function appliedDigests(client: pg.Client): Promise<Map<number, string>> {
  const { rows } = await client.query<{ version: number; digest: string }>(
    'SELECT version, digest FROM clinic.migration',
  );
  return new Map(rows.map(({ version, digest }) => [version, digest]));
}

async function apply(client: pg.Client, { version, name, sql, digest }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query('INSERT INTO clinic.migration (version, name, digest) VALUES ($1, $2, $3)', [
      version,
      name,
      digest,
    ]);
    await client.query(`CREATE OR REPLACE FUNCTION app.clinic_version() RETURNS integer LANGUAGE sql IMMUTABLE
      PARALLEL SAFE RETURN ${version}`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

/** 55P03: somebody uses the table. Those who queued behind the attempt go first, then it is tried again. */
async function patiently(attempt: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await attempt();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03' || tries === TRIES) throw error;
      await delay(PAUSE_MS);
    }
  }
}

function refuseChanged(applied: ReadonlyMap<number, string>, migrations: readonly Migration[]): void {
  const changed = migrations.find(({ version, digest }) => (applied.get(version) ?? digest) !== digest);
  if (changed === undefined) return;
  throw new BulkheadError({
    code: 'migration_changed',
    status: 409,
    publicMessage: `Migration ${changed.name} is not what ran in this database.`,
    remediation: 'Restore the file as it was and put the change into a new one.',
  });
}

function notATenantDatabase(): BulkheadError {
  return new BulkheadError({
    code: 'not_a_tenant_database',
    status: 409,
    publicMessage: 'The database has no plane schema, so no tenant can live in it.',
    remediation: 'Let the control plane provision the database first.',
  });
}
