import { rule, type RuleText } from './rule-text.js';

/** Found in the catalogues: rules of `bulkhead.lint` in every tenant database, then those of the proof itself. */
export const STATIC_RULES = {
  rls_missing: rule(
    'critical',
    'Row security is off: every tenant sees every row.',
    "SELECT bulkhead.protect('table').",
  ),
  rls_forced: rule(
    'medium',
    'Row security is forced on the owner, which stops moves.',
    'ALTER TABLE … NO FORCE ROW LEVEL SECURITY.',
  ),
  floor_missing: rule(
    'critical',
    'No restrictive policy for every command and everybody demands a signed context.',
    "SELECT bulkhead.protect('table').",
  ),
  permissive_without_floor: rule(
    'critical',
    'Permissive policies are joined by OR, and no restrictive floor bounds them.',
    "SELECT bulkhead.protect('table').",
  ),
  fence_missing: rule('high', 'Writes go on after the tenant has moved away.', "SELECT bulkhead.protect('table')."),
  tenant_key: rule(
    'high',
    'The primary key does not begin with tenant_id.',
    'Make tenant_id the first column of the primary key.',
  ),
  global_unique: rule(
    'high',
    'A unique key over all tenants tells one tenant which values another has.',
    'Make it UNIQUE (tenant_id, …).',
  ),
  foreign_key_single: rule(
    'high',
    'A reference that ignores the tenant tells whether another tenant has the row.',
    'Make it FOREIGN KEY (tenant_id, …) REFERENCES … (tenant_id, …).',
  ),
  partition_granted: rule(
    'critical',
    'A partition can be named directly, and row security of its parent does not hold there.',
    'REVOKE ALL on the partition; grant the parent only.',
  ),
  grant_dangerous: rule(
    'critical',
    'A right that row security does not bound is granted.',
    'REVOKE TRUNCATE, REFERENCES, TRIGGER, MAINTAIN.',
  ),
  owner_wrong: rule(
    'high',
    'A relation does not belong to the owner role, so its owner is not bound by row security.',
    'ALTER … OWNER TO the owner role.',
  ),
  definer_view: rule(
    'critical',
    'A view reads with its owner’s rights, past row security.',
    'ALTER VIEW … SET (security_invoker = true).',
  ),
  view_without_barrier: rule(
    'high',
    'A filtering view without security_barrier runs a caller’s functions on rows that it then hides.',
    'Make it security_invoker, or add security_barrier.',
  ),
  copy_granted: rule(
    'critical',
    'A materialized view or foreign table holds rows outside of row security.',
    'REVOKE ALL on it from serving roles.',
  ),
  definer_function: rule(
    'critical',
    'A function runs with its owner’s rights, past row security.',
    'Make it SECURITY INVOKER, or revoke and drop it.',
  ),
  definer_callable: rule(
    'critical',
    'A function that runs with its owner’s rights, past row security, can be called by whom it is not registered for.',
    'REVOKE EXECUTE; let bulkhead.let_call grant what callers of the kind may call.',
  ),
  consumer_reaches: rule(
    'critical',
    'The login of the queue’s consumers reaches more than the functions that say whose turn it is.',
    'REVOKE the right: messages are read by the serving login, in the context of their tenant.',
  ),
  rewrite_rule: rule(
    'critical',
    'A rewrite rule of a table runs its statements with the owner’s rights, past row security.',
    'DROP RULE; use a trigger whose function is SECURITY INVOKER.',
  ),
  unsafe_leakproof: rule(
    'high',
    'A function declared LEAKPROOF runs before row security.',
    'ALTER FUNCTION … NOT LEAKPROOF.',
  ),
  registry_granted: rule(
    'critical',
    'The plane’s own tables (homes, keys) are granted.',
    'REVOKE ALL on everything in schema bulkhead, columns too.',
  ),
  can_create: rule(
    'high',
    'Others than the owner may create objects, temporary ones included, and so shadow or attack.',
    'REVOKE CREATE, TEMPORARY.',
  ),
  owner_can_login: rule(
    'critical',
    'The owner of the tables can log in, and row security does not bind it.',
    'ALTER ROLE … NOLOGIN.',
  ),
  owner_too_mighty: rule(
    'critical',
    'The owner role is superuser, BYPASSRLS or REPLICATION.',
    'Take these attributes away.',
  ),
  serving_too_mighty: rule(
    'critical',
    'A serving role has an attribute that passes row security.',
    'ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEROLE.',
  ),
  serving_is_owner_member: rule(
    'critical',
    'A serving role can act as the owner, whom row security does not bind.',
    'REVOKE the owner role from it.',
  ),
  serving_predefined_role: rule(
    'high',
    'A serving role is in a predefined role that reads or does more than a tenant’s own.',
    'REVOKE the predefined role.',
  ),
  serving_owns: rule(
    'critical',
    'A serving role owns a relation, and row security does not bind owners.',
    'ALTER … OWNER TO the owner role.',
  ),
  unknown_operator: rule(
    'high',
    'A role that nobody named as operator can act as the owner.',
    'REVOKE the owner role from it, or name it as operator.',
  ),
  bypasses_rls: rule('critical', 'A role has BYPASSRLS.', 'ALTER ROLE … NOBYPASSRLS.'),
  superuser_login: rule(
    'critical',
    'A superuser that is not the server’s own can log in.',
    'ALTER ROLE … NOSUPERUSER.',
  ),
  replication_role: rule(
    'critical',
    'A role that may replicate reads the rows of every tenant.',
    'ALTER ROLE … NOREPLICATION.',
  ),
  publication_unknown: rule(
    'high',
    'A publication that does not belong to the owner hands out rows past row security.',
    'DROP PUBLICATION, or give it to the owner role.',
  ),
  default_privileges: rule(
    'high',
    'What is created from now on is granted too widely.',
    'ALTER DEFAULT PRIVILEGES … REVOKE.',
  ),
  role_setting: rule(
    'critical',
    'A setting that every new session starts with decides whose rows it sees.',
    'ALTER ROLE … RESET, ALTER DATABASE … RESET.',
  ),
  sequence_granted: rule(
    'medium',
    'A sequence that all tenants share can be read or set: it tells how fast others grow.',
    'REVOKE SELECT, UPDATE; USAGE is enough.',
  ),
  large_object_granted: rule(
    'high',
    'Large objects know no tenant, and one is granted.',
    'REVOKE ALL ON LARGE OBJECT; keep documents in object storage.',
  ),
  foreign_reach: rule(
    'high',
    'Statements can leave the database with a login of their own.',
    'DROP SERVER, DROP EXTENSION.',
  ),
  notify_payload: rule(
    'medium',
    'Notifications reach every session of the database, and one carries a payload.',
    'Notify with an empty payload, and let the listener read.',
  ),
} as const satisfies Record<string, RuleText>;
