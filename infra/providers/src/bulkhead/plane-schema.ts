import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { BulkheadError } from '@bulkhead/kernel';
import pg from 'pg';

// The SQL files are read where they are written; the build copies nothing.
const FOLDER = new URL('../../src/bulkhead/plane-schema/', import.meta.url);

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

function migrations(): readonly Migration[] {
  return readdirSync(FOLDER)
    .filter((name) => /^\d{4}-.+\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number(name.slice(0, 4)), name, sql: readFileSync(new URL(name, FOLDER), 'utf8') }));
}

/** The newest version that this provider can apply. */
export function newestSchemaVersion(): number {
  return migrations().at(-1)?.version ?? 0;
}

/**
 * Brings the plane schema to `version`. The client acts as the owner role.
 * @throws BulkheadError `schema_downgrade` when the database is ahead: old code would not know its tables.
 */
export async function applyPlaneSchema(client: pg.ClientBase, version: number): Promise<void> {
  await client.query('CREATE SCHEMA IF NOT EXISTS bulkhead');
  await client.query(`CREATE TABLE IF NOT EXISTS bulkhead.schema_version (
    version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
  const applied = await appliedVersion(client);
  if (applied > version) {
    throw new BulkheadError({
      code: 'schema_downgrade',
      status: 409,
      publicMessage: `The plane schema has version ${applied}, and version ${version} is wanted.`,
      remediation: 'Deploy a release that knows the newer schema; a schema is never taken back.',
    });
  }
  for (const { version: next, name, sql } of migrations()) {
    if (next <= applied || next > version) continue;
    await client.query('BEGIN');
    try {
      await client.query(sql);
      await client.query('INSERT INTO bulkhead.schema_version (version, name) VALUES ($1, $2)', [next, name]);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    }
  }
}

/** Newest version that the database has; 0 when it has none. */
export async function appliedVersion(client: pg.ClientBase): Promise<number> {
  const {
    rows: [found],
  } = await client.query<{ there: boolean }>(`SELECT to_regclass('bulkhead.schema_version') IS NOT NULL AS there`);
  if (found?.there !== true) return 0;
  const { rows } = await client.query<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM bulkhead.schema_version',
  );
  return rows[0]?.version ?? 0;
}

/** Everything that makes up the plane schema, one text each: columns, constraints, indexes, functions, RLS, rights. */
const DESCRIPTION = `
  SELECT format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                pg_get_expr(d.adbin, d.adrelid)) AS text
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE c.relnamespace = to_regnamespace('bulkhead') AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT format('table %s %s %s %s', relname, pg_get_userbyid(relowner), relrowsecurity, relacl)
    FROM pg_class WHERE relnamespace = to_regnamespace('bulkhead') AND relkind IN ('r', 'p', 'v', 'm')
  UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = to_regnamespace('bulkhead')
  UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'bulkhead'
  UNION ALL SELECT format('function %s %s', pg_get_functiondef(oid), proacl) FROM pg_proc WHERE pronamespace IN (to_regnamespace('bulkhead'), to_regnamespace('tenancy'))
  UNION ALL SELECT format('policy %s %s %s', tablename, policyname, qual) FROM pg_policies WHERE schemaname = 'bulkhead'
  UNION ALL SELECT format('trigger %s', pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
   WHERE c.relnamespace = to_regnamespace('bulkhead') AND NOT t.tgisinternal
  UNION ALL SELECT format('schema %s %s', nspname, nspacl) FROM pg_namespace WHERE nspname IN ('bulkhead', 'app', 'tenancy')`;

/** SHA-256 over the plane schema as the catalogues describe it: equal digests mean nobody changed anything. */
export async function planeSchemaDigest(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<{ text: string }>(DESCRIPTION);
  return createHash('sha256')
    .update(
      rows
        .map(({ text }) => text)
        .sort()
        .join('\n'),
    )
    .digest('hex');
}
