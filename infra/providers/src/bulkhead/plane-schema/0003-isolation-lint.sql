-- What the catalogues show that would let one tenant reach another's rows. Run as the owner role.
--
-- A role serves when it, or a role that it is a member of, has been granted anything on the workload's relations.
-- `operators` are the roles that may be members of the owner: the master, the migrator, the mover.

CREATE VIEW bulkhead.workload_relation WITH (security_invoker = true) AS
SELECT c.oid, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.relowner, c.reloptions,
       c.oid::regclass::text AS name,
       (SELECT nspowner FROM pg_namespace WHERE nspname = 'bulkhead') AS owner,
       EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner)
         OR EXISTS (SELECT FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = c.oid AND a.grantee <> c.relowner) AS reachable
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'bulkhead');

CREATE VIEW bulkhead.serving_role WITH (security_invoker = true) AS
WITH granted AS (
  SELECT a.grantee FROM bulkhead.workload_relation r JOIN pg_class c USING (oid), aclexplode(c.relacl) a WHERE a.grantee <> r.owner
  UNION SELECT a.grantee FROM pg_default_acl d, aclexplode(d.defaclacl) a
   WHERE a.grantee <> d.defaclrole AND d.defaclobjtype = 'r'
)
SELECT r.oid, r.rolname, r.rolsuper, r.rolbypassrls, r.rolreplication, r.rolcreaterole
  FROM pg_roles r JOIN granted g ON g.grantee <> 0 AND (r.oid = g.grantee OR (pg_has_role(r.oid, g.grantee, 'MEMBER') AND NOT r.rolsuper))
 GROUP BY 1, 2, 3, 4, 5, 6;

CREATE FUNCTION bulkhead.lint_tables() RETURNS TABLE (rule text, object text, detail text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH t AS (SELECT * FROM bulkhead.workload_relation WHERE relkind IN ('r', 'p')),
     reachable AS (SELECT * FROM t WHERE reachable AND NOT relispartition),
     sample AS (SELECT p.polname, pg_get_expr(p.polqual, p.polrelid) AS rule FROM pg_policy p
                 WHERE p.polrelid = 'bulkhead.protected_sample'::regclass),
     floored AS (
       SELECT t.oid FROM t JOIN pg_policy p ON p.polrelid = t.oid AND NOT p.polpermissive AND p.polcmd = '*' AND p.polroles = '{0}'
         JOIN sample s ON s.polname = 'tenant_floor' AND s.rule = pg_get_expr(p.polqual, p.polrelid)
          AND s.rule = coalesce(pg_get_expr(p.polwithcheck, p.polrelid), s.rule)),
     unique_index AS (
       SELECT t.name, i.indexrelid::regclass::text AS index, i.indisprimary, i.indisexclusion,
              ARRAY(SELECT a.attname FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, place)
                      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.place) AS columns
         FROM t JOIN pg_index i ON i.indrelid = t.oid AND (i.indisunique OR i.indisexclusion) WHERE t.reachable),
     fk AS (
       SELECT t.name, f.conname, (SELECT bool_or(a.attname = 'tenant_id' AND b.attname = 'tenant_id')
                FROM unnest(f.conkey, f.confkey) k(mine, theirs)
                JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.mine
                JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.theirs) AS composite
         FROM t JOIN pg_constraint f ON f.conrelid = t.oid AND f.contype = 'f'
        WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = f.confrelid AND a.attname = 'tenant_id'))
SELECT 'rls_missing', name, 'row security is off' FROM reachable WHERE NOT relrowsecurity
UNION ALL SELECT 'rls_forced', name, 'replication cannot apply under forced row security without BYPASSRLS' FROM t WHERE relforcerowsecurity
UNION ALL SELECT 'floor_missing', name, 'no restrictive policy for everybody that says what bulkhead.protect says'
  FROM reachable WHERE relrowsecurity AND oid NOT IN (SELECT oid FROM floored)
UNION ALL SELECT 'permissive_without_floor', t.name, p.polname::text FROM t JOIN pg_policy p ON p.polrelid = t.oid AND p.polpermissive
  WHERE t.oid NOT IN (SELECT oid FROM floored)
UNION ALL SELECT 'fence_missing', name, 'writes are not stopped when the tenant moves' FROM reachable
  WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = reachable.oid AND g.tgfoid = 'bulkhead.fence'::regproc
                       AND g.tgenabled IN ('O', 'A') AND g.tgtype & 62 = 62 AND g.tgtype & 1 = 0 AND g.tgqual IS NULL)
UNION ALL SELECT 'tenant_key', name, 'the primary key does not begin with tenant_id' FROM reachable
  WHERE NOT EXISTS (SELECT FROM unique_index u WHERE u.name = reachable.name AND u.indisprimary AND u.columns[1] = 'tenant_id')
UNION ALL SELECT 'global_unique', index, 'tells whether another tenant has the value' FROM unique_index
  WHERE NOT indisprimary AND 'tenant_id' <> ALL (columns)
UNION ALL SELECT 'foreign_key_single', name, conname::text FROM fk WHERE composite IS NOT TRUE
UNION ALL SELECT 'partition_granted', name, 'row security of its parent does not hold here' FROM t WHERE relispartition AND reachable
UNION ALL SELECT 'grant_dangerous', t.name, a.privilege_type || ' to ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
  FROM t JOIN pg_class c ON c.oid = t.oid, aclexplode(c.relacl) a
  WHERE a.grantee <> c.relowner AND a.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
UNION ALL SELECT 'grant_dangerous', t.name, 'REFERENCES (' || c.attname || ')' FROM t JOIN pg_attribute c ON c.attrelid = t.oid, aclexplode(c.attacl) a
  WHERE a.privilege_type = 'REFERENCES' AND a.grantee <> t.relowner
UNION ALL SELECT 'owner_wrong', name, pg_get_userbyid(relowner)::text FROM bulkhead.workload_relation WHERE relowner <> owner
$$;

CREATE FUNCTION bulkhead.lint_ways_around() RETURNS TABLE (rule text, object text, detail text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT 'definer_view', name, 'reads with its owner''s rights: add security_invoker' FROM bulkhead.workload_relation
  WHERE relkind = 'v' AND reachable AND NOT coalesce(reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)
UNION ALL SELECT 'copy_granted', name, 'row security does not hold in a materialized view or foreign table'
  FROM bulkhead.workload_relation WHERE relkind IN ('m', 'f') AND reachable
UNION ALL SELECT 'definer_function', p.oid::regprocedure::text, 'runs with the rights of ' || pg_get_userbyid(p.proowner)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND p.oid NOT IN ('bulkhead.current_tenant'::regproc, 'bulkhead.fence'::regproc)
UNION ALL SELECT 'unsafe_leakproof', p.oid::regprocedure::text, 'is run before row security'
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.proleakproof AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.oid >= 16384
UNION ALL SELECT 'registry_granted', c.oid::regclass::text, a.privilege_type || ' to ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
  FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'bulkhead'::regnamespace AND a.grantee <> c.relowner
UNION ALL SELECT 'can_create', 'schema ' || n.nspname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
  FROM pg_namespace n, aclexplode(n.nspacl) a
  WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND n.nspname <> 'pg_catalog'
UNION ALL SELECT 'can_create', 'database ' || d.datname, a.privilege_type || ' to ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END
  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  WHERE d.datname = current_database() AND a.privilege_type IN ('CREATE', 'TEMPORARY') AND a.grantee <> d.datdba
$$;

CREATE FUNCTION bulkhead.lint_roles(operators name[]) RETURNS TABLE (rule text, object text, detail text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
WITH owner AS (SELECT r.* FROM pg_roles r JOIN pg_namespace n ON n.nspowner = r.oid AND n.nspname = 'bulkhead')
SELECT 'owner_can_login', rolname::text, 'the owner of the tables is not bound by row security' FROM owner WHERE rolcanlogin
UNION ALL SELECT 'owner_too_mighty', rolname::text, 'superuser, BYPASSRLS or REPLICATION' FROM owner WHERE rolsuper OR rolbypassrls OR rolreplication
UNION ALL SELECT 'serving_too_mighty', s.rolname::text, m.might FROM bulkhead.serving_role s,
  LATERAL (VALUES ('superuser', s.rolsuper), ('BYPASSRLS', s.rolbypassrls), ('REPLICATION', s.rolreplication), ('CREATEROLE', s.rolcreaterole)) m(might, has)
  WHERE m.has
UNION ALL SELECT 'serving_is_owner_member', s.rolname::text, 'can act as ' || o.rolname FROM bulkhead.serving_role s, owner o
  WHERE NOT s.rolsuper AND pg_has_role(s.oid, o.oid, 'MEMBER')
UNION ALL SELECT 'serving_predefined_role', s.rolname::text, p.rolname::text FROM bulkhead.serving_role s JOIN pg_roles p ON p.rolname LIKE 'pg\_%'
  WHERE NOT s.rolsuper AND pg_has_role(s.oid, p.oid, 'MEMBER')
UNION ALL SELECT 'unknown_operator', m.rolname::text, 'can act as ' || o.rolname FROM pg_roles m, owner o
  WHERE m.oid <> o.oid AND NOT m.rolsuper AND m.rolname <> ALL (operators) AND pg_has_role(m.oid, o.oid, 'MEMBER')
UNION ALL SELECT 'bypasses_rls', rolname::text, 'BYPASSRLS' FROM pg_roles WHERE rolbypassrls AND NOT rolsuper
UNION ALL SELECT 'serving_owns', s.rolname::text, 'owns ' || c.oid::regclass FROM bulkhead.serving_role s JOIN pg_class c ON c.relowner = s.oid
$$;

-- Every violation: which rule, of what, why. No row means that the catalogues show no way across.
CREATE FUNCTION bulkhead.lint(operators name[] DEFAULT '{}') RETURNS TABLE (rule text, object text, detail text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
SELECT * FROM bulkhead.lint_tables() UNION ALL SELECT * FROM bulkhead.lint_ways_around()
UNION ALL SELECT * FROM bulkhead.lint_roles(operators) ORDER BY 1, 2, 3
$$;

REVOKE ALL ON FUNCTION bulkhead.lint, bulkhead.lint_tables, bulkhead.lint_ways_around, bulkhead.lint_roles FROM PUBLIC;
