import { finding, isIsolationRule, type Finding, type IsolationRule } from '@bulkhead/domain/isolation';
import type pg from 'pg';
import { REGISTERED_FUNCTIONS } from './registered-functions.js';
import type { DatabaseTarget } from './target.js';

interface Violation {
  readonly rule: string;
  readonly object: string;
  readonly detail: string;
}

/** Every name, PUBLIC for 0. */
const WHO = (oid: string) => `CASE ${oid} WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(${oid})::text END`;
const WORKLOAD = `n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'bulkhead')`;

/** What the plane's own lint does not ask. $1 serving role, $2 operators, $3 owner role, $4 consumer role, $5 functions. */
const LINTS: readonly string[] = [
  `SELECT 'view_without_barrier', c.oid::regclass::text, 'rows are hidden after a caller''s functions have seen them'
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'v' AND ${WORKLOAD} AND pg_get_viewdef(c.oid) ~* '\\mwhere\\M'
      AND EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner)
      AND NOT coalesce(c.reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1,security_barrier=true,security_barrier=on,security_barrier=1}', false)`,
  `SELECT 'rewrite_rule', c.oid::regclass::text, w.rulename::text
     FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE w.rulename <> '_RETURN' AND ${WORKLOAD}`,
  `SELECT 'grant_dangerous', c.oid::regclass::text, p.privilege || ' for ' || $1
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
          unnest('{TRUNCATE,REFERENCES,TRIGGER,MAINTAIN}'::text[]) p(privilege)
    WHERE c.relkind IN ('r', 'p', 'm', 'f') AND ${WORKLOAD} AND has_table_privilege($1, c.oid, p.privilege)`,
  `SELECT 'registry_granted', a.attrelid::regclass || '.' || a.attname, x.privilege_type || ' to ' || ${WHO('x.grantee')}
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) x
    WHERE c.relnamespace = 'bulkhead'::regnamespace AND x.grantee <> c.relowner`,
  `SELECT 'serving_too_mighty', rolname::text, 'an attribute that no serving role may have' FROM pg_roles
    WHERE rolname = $1 AND (rolsuper OR rolbypassrls OR rolreplication OR rolcreaterole OR rolcreatedb)`,
  `SELECT 'superuser_login', rolname::text, 'can log in' FROM pg_roles
    WHERE rolsuper AND rolcanlogin AND oid <> 10 AND rolname <> ALL ($2::name[])`,
  `SELECT 'replication_role', rolname::text, 'REPLICATION' FROM pg_roles
    WHERE rolreplication AND NOT rolsuper AND rolname <> ALL ($2::name[])`,
  `SELECT 'role_taken', r.rolname::text, $1 || ' may SET ROLE' FROM pg_roles r, pg_roles s
    WHERE s.rolname = $1 AND NOT s.rolsuper AND r.oid <> s.oid AND pg_has_role(s.oid, r.oid, 'SET')`,
  `SELECT 'publication_unknown', pubname::text, 'belongs to ' || pg_get_userbyid(pubowner) FROM pg_publication
    WHERE pg_get_userbyid(pubowner) <> $3 AND pg_get_userbyid(pubowner) <> ALL ($2::name[])`,
  `SELECT 'default_privileges', coalesce('schema ' || n.nspname, 'database'), a.privilege_type || ' to ' || ${WHO('a.grantee')} || ' on what ' || pg_get_userbyid(d.defaclrole) || ' creates'
     FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
    WHERE a.grantee <> d.defaclrole AND (a.grantee = 0 OR (d.defaclobjtype = 'r' AND a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))
      OR (d.defaclobjtype = 'S' AND a.privilege_type <> 'USAGE'))`,
  // Any login may store settings for itself, and every session then starts with them: none is taken for harmless.
  `SELECT 'role_setting', ${WHO('s.setrole')}, split_part(c, '=', 1) FROM pg_db_role_setting s, unnest(s.setconfig) c
    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND (s.setrole <> 0 AND pg_get_userbyid(s.setrole) IN ($1, $4)
        OR s.setrole = 0 AND (split_part(c, '=', 1) ~ '[.]' OR split_part(c, '=', 1) IN ('role', 'session_authorization', 'row_security', 'session_replication_role', 'search_path', 'lo_compat_privileges')))`,
  `SELECT 'sequence_granted', c.oid::regclass::text, x.privilege_type || ' to ' || ${WHO('x.grantee')}
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) x
    WHERE c.relkind = 'S' AND ${WORKLOAD} AND x.grantee <> c.relowner AND x.privilege_type <> 'USAGE'`,
  `SELECT 'large_object_granted', 'large object ' || l.oid, x.privilege_type || ' to ' || ${WHO('x.grantee')}
     FROM pg_largeobject_metadata l, aclexplode(l.lomacl) x WHERE x.grantee <> l.lomowner
   UNION ALL SELECT 'large_object_granted', 'large object ' || oid, 'belongs to ' || $1 FROM pg_largeobject_metadata
    WHERE pg_get_userbyid(lomowner) = $1`,
  `SELECT 'foreign_reach', 'server ' || srvname, 'foreign server' FROM pg_foreign_server
   UNION ALL SELECT 'foreign_reach', 'extension ' || extname, 'reaches other databases' FROM pg_extension WHERE extname IN ('dblink', 'postgres_fdw', 'file_fdw')`,
  // Who is given a function, or everybody where nobody was said: without a list of rights PUBLIC may call it.
  `SELECT 'definer_callable', p.oid::regprocedure::text, 'EXECUTE for ' || ${WHO('a.grantee')}
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
          aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
     LEFT JOIN pg_roles g ON g.oid = a.grantee
    WHERE p.prosecdef AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND a.grantee <> p.proowner
      AND (a.grantee = 0 OR g.rolname <> ALL ($2::name[]))
      AND coalesce(CASE $5::jsonb ->> p.oid::regprocedure::text WHEN 'everybody' THEN true
        WHEN 'serving' THEN g.rolname = $1 WHEN 'consumer' THEN g.rolname = $4 END, false) IS FALSE`,
  `SELECT 'consumer_reaches', c.oid::regclass::text, 'a right for ' || r.rolname
     FROM pg_roles r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE r.rolname = $4 AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(r.oid, c.oid, 'USAGE, SELECT, UPDATE')
        WHEN 'i' THEN false WHEN 'I' THEN false WHEN 'c' THEN false WHEN 't' THEN false
        ELSE has_table_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN')
          OR has_any_column_privilege(r.oid, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES') END
   UNION ALL SELECT 'consumer_reaches', 'schema ' || n.nspname, 'a right for ' || r.rolname FROM pg_roles r, pg_namespace n
    WHERE r.rolname = $4 AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'tenancy')
      AND has_schema_privilege(r.oid, n.oid, 'USAGE, CREATE')
   UNION ALL SELECT 'consumer_reaches', r.rolname::text, 'may act as ' || m.rolname FROM pg_roles r, pg_roles m
    WHERE r.rolname = $4 AND m.oid <> r.oid AND (pg_has_role(r.oid, m.oid, 'USAGE') OR pg_has_role(r.oid, m.oid, 'SET'))
   UNION ALL SELECT 'consumer_reaches', r.rolname::text, 'an attribute that no login of a workload may have' FROM pg_roles r
    WHERE r.rolname = $4 AND (r.rolsuper OR r.rolbypassrls OR r.rolreplication OR r.rolcreaterole OR r.rolcreatedb)`,
  // The payload of an empty notification is '' or left out (NOTIFY channel).
  `SELECT 'notify_payload', p.oid::regprocedure::text, 'pg_notify with a payload'
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE ${WORKLOAD} AND p.prosrc ~* 'pg_notify\\s*\\(\\s*[^,]+,\\s*(?!'''')' `,
];

/** Violations that the catalogues show. The client acts as the owner role. */
export async function lint(
  client: pg.Client,
  target: DatabaseTarget,
): Promise<{ findings: Finding[]; looked: number }> {
  const { rows: admin } = await client.query<{ name: string }>('SELECT session_user::text AS name');
  const operators = [...target.operators, admin[0]?.name ?? ''];
  const named = (await client.query<Violation>('SELECT * FROM bulkhead.lint($1)', [operators])).rows;
  // Whoever made the serving role administers it, which the lint takes for serving. Operators are judged as operators.
  const found = named.filter(({ rule, object }) => !(rule.startsWith('serving_') && operators.includes(object)));
  const callers = Object.entries(REGISTERED_FUNCTIONS).map(([signature, { caller }]) => [signature, caller]);
  const { servingRole, ownerRole, consumerRole } = target;
  const given = [servingRole, operators, ownerRole, consumerRole, JSON.stringify(Object.fromEntries(callers))];
  for (const sql of LINTS) {
    const text = `WITH given AS (SELECT $1::text, $2::name[], $3::text, $4::text, $5::jsonb), violation(rule, object, detail) AS (${sql}) SELECT * FROM violation`;
    const { rows } = await client.query<Violation>(text, given);
    found.push(...rows);
  }
  return { findings: found.map((violation) => toFinding(target, violation)), looked: LINTS.length + 1 };
}

function toFinding(target: DatabaseTarget, { rule, object, detail }: Violation): Finding {
  // A rule of a newer plane schema is still a finding; its own words say what it is.
  const known: IsolationRule = isIsolationRule(rule) ? rule : 'grant_dangerous';
  return finding(known, {
    target: target.name,
    object,
    detail: known === rule ? detail : `${rule}: ${detail}`,
    shown: 'static',
  });
}
