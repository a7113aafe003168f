import type { PlantedLeak } from './planted-leak.js';

/** In views, functions, keys, grants and what lies beside the tables. */
export const OBJECT_AND_GRANT_LEAKS: readonly PlantedLeak[] = [
  {
    name: 'a definer view',
    plant: 'SET ROLE {owner}; CREATE VIEW app.everybody AS SELECT * FROM app.patient',
    rule: 'definer_view',
    object: 'app.everybody',
  },
  {
    name: 'a definer view, read',
    plant: 'SET ROLE {owner}; CREATE VIEW app.everybody AS SELECT name, chart FROM app.patient',
    rule: 'row_read',
    object: 'app.everybody',
    shown: 'probe:read',
  },
  {
    name: 'a filtering view without a barrier',
    plant:
      'SET ROLE {owner}; CREATE VIEW app.mine AS SELECT * FROM app.patient WHERE tenant_id = bulkhead.current_tenant()',
    rule: 'view_without_barrier',
    object: 'app.mine',
  },
  {
    name: 'a grant on a partition',
    plant: 'GRANT SELECT, DELETE ON app.event_0 TO {app}',
    rule: 'partition_granted',
    object: 'app.event_0',
  },
  {
    name: 'a granted partition, emptied',
    plant: 'GRANT SELECT, DELETE ON app.event_0 TO {app}',
    rule: 'row_written',
    object: 'app.event_0',
    shown: 'probe:write',
  },
  {
    name: 'a column of a partition',
    plant: 'GRANT SELECT (tenant_id, body) ON app.event_0 TO {app}',
    rule: 'partition_granted',
    object: 'app.event_0',
  },
  {
    name: 'a column of the context keys',
    plant: 'GRANT USAGE ON SCHEMA bulkhead TO {app}; GRANT SELECT (inner_pad) ON bulkhead.context_key TO {app}',
    rule: 'registry_granted',
    object: 'bulkhead.context_key.inner_pad',
  },
  {
    name: 'a rewrite rule, whose statements run as the owner',
    plant:
      "SET ROLE {owner}; CREATE RULE spill AS ON DELETE TO app.patient DO ALSO DELETE FROM app.event WHERE body = 'nothing'",
    rule: 'rewrite_rule',
    object: 'app.patient',
  },
  {
    name: 'a context key of one’s own',
    plant:
      'ALTER FUNCTION bulkhead.set_context_key SECURITY DEFINER; GRANT USAGE ON SCHEMA bulkhead TO {app}; GRANT EXECUTE ON FUNCTION bulkhead.set_context_key TO {app}',
    rule: 'destructive_allowed',
    object: 'a context key of one’s own',
    shown: 'probe:reach',
  },
  {
    name: 'a granted materialized view',
    plant:
      'SET ROLE {owner}; CREATE MATERIALIZED VIEW app.totals AS SELECT * FROM app.patient; GRANT SELECT ON app.totals TO {app}',
    rule: 'copy_granted',
    object: 'app.totals',
  },
  {
    name: 'a granted materialized view, read',
    plant:
      'SET ROLE {owner}; CREATE MATERIALIZED VIEW app.totals AS SELECT * FROM app.patient; GRANT SELECT ON app.totals TO {app}',
    rule: 'row_read',
    object: 'app.totals',
    shown: 'probe:read',
  },
  {
    name: 'a definer function that returns rows',
    plant:
      'SET ROLE {owner}; CREATE FUNCTION app.every_patient() RETURNS SETOF app.patient LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT * FROM app.patient $$',
    rule: 'function_tells',
    object: 'app.every_patient()',
    shown: 'probe:function',
  },
  {
    name: 'a definer function that takes the tenant',
    plant:
      'SET ROLE {owner}; CREATE FUNCTION app.patients_of(tenant text) RETURNS SETOF app.patient LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT * FROM app.patient WHERE tenant_id = tenant $$',
    rule: 'function_tells',
    object: 'app.patients_of(text)',
    shown: 'probe:function',
  },
  {
    name: 'a definer function, read from the catalogues',
    plant:
      'SET ROLE {owner}; CREATE FUNCTION app.vacuum_all() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$',
    rule: 'definer_function',
    object: 'app.vacuum_all()',
  },
  {
    name: 'a serving login that may claim messages',
    plant: 'GRANT EXECUTE ON FUNCTION tenancy.claim_messages TO {app}',
    rule: 'definer_callable',
    object: 'tenancy.claim_messages(integer,integer,integer)',
  },
  {
    name: 'a serving login that claims messages',
    plant: 'GRANT EXECUTE ON FUNCTION tenancy.claim_messages TO {app}',
    rule: 'context_not_required',
    object: 'tenancy.claim_messages(integer,integer,integer)',
    shown: 'probe:function',
    mode: 'copy',
  },
  {
    name: 'messages that everybody may give back',
    plant: 'GRANT EXECUTE ON FUNCTION tenancy.return_message TO PUBLIC',
    rule: 'definer_callable',
    object: 'tenancy.return_message(text,uuid,uuid,integer)',
  },
  {
    name: 'a definer function of its own that takes no tenant, registered in the database itself',
    plant: `SET ROLE {owner}; CREATE FUNCTION tenancy.count_all() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER RETURN (SELECT count(*) FROM bulkhead.message);
      INSERT INTO bulkhead.known_definer VALUES ('tenancy.count_all', 'serving', 'harmless')`,
    rule: 'definer_callable',
    object: 'tenancy.count_all()',
  },
  {
    name: 'the same function, called without a context',
    plant: `SET ROLE {owner}; CREATE FUNCTION tenancy.count_all() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER RETURN (SELECT count(*) FROM bulkhead.message);
      INSERT INTO bulkhead.known_definer VALUES ('tenancy.count_all', 'serving', 'harmless')`,
    rule: 'context_not_required',
    object: 'tenancy.count_all()',
    shown: 'probe:function',
  },
  {
    name: 'a consumer that may call what needs a context',
    plant: 'GRANT EXECUTE ON FUNCTION tenancy.read_message TO {consumer}',
    rule: 'definer_callable',
    object: 'tenancy.read_message(uuid,uuid)',
  },
  {
    name: 'a consumer that may read tenants’ tables',
    plant: 'GRANT SELECT ON app.patient TO {consumer}',
    rule: 'consumer_reaches',
    object: 'app.patient',
  },
  {
    name: 'a consumer that may read a column of the messages',
    plant: 'GRANT SELECT (body) ON bulkhead.message TO {consumer}',
    rule: 'consumer_reaches',
    object: 'bulkhead.message',
  },
  {
    name: 'a consumer that is given the serving role',
    plant: 'GRANT {app} TO {consumer} WITH INHERIT FALSE',
    rule: 'consumer_reaches',
    object: '{consumer}',
    undo: 'REVOKE {app} FROM {consumer}',
  },
  {
    name: 'a function that claims to be leakproof',
    plant: 'CREATE FUNCTION app.says(text) RETURNS bool LANGUAGE sql IMMUTABLE LEAKPROOF RETURN true',
    rule: 'unsafe_leakproof',
    object: 'app.says(text)',
  },
  {
    name: 'a global unique key',
    plant: 'CREATE UNIQUE INDEX patient_mrn ON app.patient (mrn)',
    rule: 'unique_oracle',
    object: 'app.patient',
    shown: 'probe:infer',
  },
  {
    name: 'a reference without the tenant',
    plant: `ALTER TABLE app.patient ADD CONSTRAINT patient_id UNIQUE (id); ALTER TABLE app.visit DROP CONSTRAINT visit_tenant_id_patient_id_fkey, ADD CONSTRAINT visit_patient FOREIGN KEY (patient_id) REFERENCES app.patient (id)`,
    rule: 'foreign_key_oracle',
    object: 'app.visit',
    shown: 'probe:infer',
  },
  {
    name: 'a shared sequence that can be read',
    plant: 'GRANT SELECT ON SEQUENCE app.number TO {app}',
    rule: 'sequence_granted',
    object: 'app.number',
    shown: 'probe:infer',
  },
  {
    name: 'a TRUNCATE grant',
    plant: 'GRANT TRUNCATE ON app.visit TO {app}',
    rule: 'grant_dangerous',
    object: 'app.visit',
  },
  {
    name: 'a TRUNCATE that is carried out',
    plant: 'DROP TRIGGER tenant_fence ON app.visit; GRANT TRUNCATE ON app.visit TO {app}',
    rule: 'destructive_allowed',
    object: 'app.visit',
    shown: 'probe:destroy',
    mode: 'copy',
  },
  {
    name: 'a REFERENCES grant',
    plant: 'GRANT REFERENCES ON app.visit TO {app}',
    rule: 'grant_dangerous',
    object: 'app.visit',
  },
  {
    name: 'a TRIGGER grant',
    plant: 'GRANT TRIGGER ON app.visit TO {app}',
    rule: 'grant_dangerous',
    object: 'app.visit',
  },
  {
    name: 'a TRIGGER grant, used',
    plant: 'GRANT TRIGGER ON app.visit TO {app}',
    rule: 'destructive_allowed',
    object: 'app.visit',
    shown: 'probe:destroy',
    mode: 'copy',
  },
  {
    name: 'default privileges for everybody',
    plant: 'ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC',
    rule: 'default_privileges',
    object: 'schema app',
  },
  {
    name: 'default privileges to truncate',
    plant: 'ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA app GRANT TRUNCATE ON TABLES TO {app}',
    rule: 'default_privileges',
    object: 'schema app',
  },
  {
    name: 'a granted large object',
    plant: `SELECT lo_from_bytea(424242, 'letter'); GRANT SELECT ON LARGE OBJECT 424242 TO {app}`,
    rule: 'large_object_granted',
    object: 'large object 424242',
  },
  {
    name: 'large objects without rights',
    plant: 'ALTER DATABASE {db} SET lo_compat_privileges = on',
    rule: 'large_object_read',
    object: 'large objects',
    shown: 'probe:reach',
  },
  {
    name: 'a foreign server',
    plant: 'CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER other FOREIGN DATA WRAPPER elsewhere',
    rule: 'foreign_reach',
    object: 'server other',
  },
  {
    name: 'a granted foreign table',
    plant:
      'CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER other FOREIGN DATA WRAPPER elsewhere; CREATE FOREIGN TABLE app.far (tenant_id text) SERVER other; GRANT SELECT ON app.far TO {app}',
    rule: 'copy_granted',
    object: 'app.far',
  },
  {
    name: 'temporary tables',
    plant: 'GRANT TEMPORARY ON DATABASE {db} TO {app}',
    rule: 'can_create',
    object: 'database {db}',
  },
  {
    name: 'a temporary table, made',
    plant: 'GRANT TEMPORARY ON DATABASE {db} TO {app}',
    rule: 'destructive_allowed',
    object: 'a temporary table',
    shown: 'probe:reach',
  },
  {
    name: 'a notification with a payload',
    plant: `SET ROLE {owner}; CREATE FUNCTION app.tell(body text) RETURNS void LANGUAGE sql AS $$ SELECT pg_notify('events', body) $$`,
    rule: 'notify_payload',
    object: 'app.tell(text)',
  },
  {
    name: 'a table that the service owns',
    plant: 'GRANT CREATE ON SCHEMA app TO {app}; ALTER TABLE app.visit OWNER TO {app}',
    rule: 'serving_owns',
    object: '{app}',
  },
  {
    name: 'a fence that was dropped',
    plant: 'DROP TRIGGER tenant_fence ON app.visit',
    rule: 'fence_missing',
    object: 'app.visit',
  },
];
