import type { CheckCount } from '@bulkhead/domain/isolation';
import type pg from 'pg';
import type { Relation } from './target.js';

/** What the catalogues say is there. */
export interface Inventory {
  readonly relations: readonly Relation[];
  readonly counts: readonly CheckCount[];
}

/** Every schema but Postgres's own and the plane's registry, which has rules of its own. */
const RELATIONS = `
  SELECT c.oid::int8::int AS oid, c.oid::regclass::text AS name, c.relkind AS kind, c.relispartition AS partition,
         EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS "hasTenant",
         EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner)
           OR EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = c.oid AND a.grantee <> c.relowner) AS reachable
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT LIKE 'pg\\_%'
     AND n.nspname NOT IN ('information_schema', 'bulkhead')
   ORDER BY 2`;

const OUTSIDE = `n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`;
const COUNTS: Readonly<Record<string, string>> = {
  'registry relations': `SELECT count(*) FROM pg_class WHERE relnamespace = 'bulkhead'::regnamespace AND relkind = 'r'`,
  policies: 'SELECT count(*) FROM pg_policy',
  functions: `SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${OUTSIDE}`,
  roles: `SELECT count(*) FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%'`,
  memberships: 'SELECT count(*) FROM pg_auth_members',
  grants: `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) WHERE ${OUTSIDE}`,
  'default privileges': 'SELECT count(*) FROM pg_default_acl',
  publications: 'SELECT count(*) FROM pg_publication',
  'foreign servers': 'SELECT count(*) FROM pg_foreign_server',
  'large objects': 'SELECT count(*) FROM pg_largeobject_metadata',
  'role settings': 'SELECT count(*) FROM pg_db_role_setting',
};

const KINDS: Readonly<Record<Relation['kind'], string>> = {
  r: 'tables',
  p: 'partitioned tables',
  v: 'views',
  m: 'materialized views',
  f: 'foreign tables',
  S: 'sequences',
};

/** Reads the catalogues. */
export async function takeInventory(client: pg.Client): Promise<Inventory> {
  const { rows: relations } = await client.query<Relation>(RELATIONS);
  const counts: CheckCount[] = Object.entries(KINDS).map(([kind, name]) => ({
    name,
    looked: relations.filter((relation) => relation.kind === kind).length,
  }));
  counts.push({ name: 'partitions', looked: relations.filter(({ partition }) => partition).length });
  for (const [name, sql] of Object.entries(COUNTS)) {
    const { rows } = await client.query<{ count: string }>(sql);
    counts.push({ name, looked: Number(rows[0]?.count) });
  }
  return { relations, counts };
}
