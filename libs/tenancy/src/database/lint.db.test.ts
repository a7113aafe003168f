import { startTenantPlane, type TenantPlane } from '../testing/index.js';

let plane: TenantPlane;

beforeAll(async () => {
  plane = await startTenantPlane('cel_1');
  await plane.asOwner(`
    CREATE TABLE app.patient (tenant_id text COLLATE "C", id int, mrn text, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, mrn));
    CREATE TABLE app.visit (tenant_id text COLLATE "C", id int, patient_id int, PRIMARY KEY (tenant_id, id),
      FOREIGN KEY (tenant_id, patient_id) REFERENCES app.patient);
    CREATE TABLE app.event (tenant_id text COLLATE "C", id int, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
    CREATE TABLE app.event_0 PARTITION OF app.event FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    CREATE VIEW app.patient_list WITH (security_invoker = true) AS SELECT * FROM app.patient;
    SELECT bulkhead.protect(t) FROM unnest('{app.patient,app.visit,app.event}'::regclass[]) t`);
});
afterAll(() => plane?.stop());

const lint = async () =>
  (await plane.asOwner<{ rule: string; object: string }>('SELECT rule, object FROM bulkhead.lint()')).map(
    ({ rule, object }) => `${rule} ${object}`,
  );

it('finds nothing in a sound database', async () => {
  expect(await lint()).toEqual([]);
});

const canonical = `(tenant_id, tenant_id) = (SELECT v.tenant, v.tenant FROM (SELECT bulkhead.current_tenant() AS tenant OFFSET 0) v)`;
/** Leak, the SQL that plants it ({owner}, {app} and {db} stand for names), what the lint must say. */
const leaks: [string, string, string][] = [
  [
    'a table that nobody protected',
    `CREATE TABLE app.fresh (tenant_id text, id int, PRIMARY KEY (tenant_id, id))`,
    'rls_missing app.fresh',
  ],
  ['row security off', 'ALTER TABLE app.visit DISABLE ROW LEVEL SECURITY', 'rls_missing app.visit'],
  ['forced row security', 'ALTER TABLE app.visit FORCE ROW LEVEL SECURITY', 'rls_forced app.visit'],
  [
    'USING (true) in place of the floor',
    'ALTER POLICY tenant_floor ON app.visit USING (true)',
    'floor_missing app.visit',
  ],
  [
    'a floor with a way around',
    `ALTER POLICY tenant_floor ON app.visit USING (${canonical} OR id = 0)`,
    'floor_missing app.visit',
  ],
  [
    'a floor that does not check what is written',
    'ALTER POLICY tenant_floor ON app.visit WITH CHECK (true)',
    'floor_missing app.visit',
  ],
  ['a floor for one role only', 'ALTER POLICY tenant_floor ON app.visit TO {owner}', 'floor_missing app.visit'],
  [
    'a floor that is permissive',
    `DROP POLICY tenant_floor ON app.visit; CREATE POLICY tenant_floor ON app.visit USING (${canonical})`,
    'permissive_without_floor app.visit',
  ],
  [
    'an unsigned setting in the floor',
    `ALTER POLICY tenant_floor ON app.visit USING (tenant_id = current_setting('app.tenant', true))`,
    'floor_missing app.visit',
  ],
  ['a dropped fence', 'DROP TRIGGER tenant_fence ON app.visit', 'fence_missing app.visit'],
  ['a disabled fence', 'ALTER TABLE app.visit DISABLE TRIGGER tenant_fence', 'fence_missing app.visit'],
  [
    'a fence that forgets deletes',
    'CREATE OR REPLACE TRIGGER tenant_fence BEFORE INSERT OR UPDATE ON app.visit FOR EACH STATEMENT EXECUTE FUNCTION bulkhead.fence()',
    'fence_missing app.visit',
  ],
  [
    'a fence with a condition',
    `CREATE OR REPLACE TRIGGER tenant_fence BEFORE INSERT OR UPDATE OR DELETE ON app.visit FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION bulkhead.fence()`,
    'fence_missing app.visit',
  ],
  [
    'a table whose key begins with something else',
    `CREATE TABLE app.keyed (id int PRIMARY KEY, tenant_id text)`,
    'tenant_key app.keyed',
  ],
  ['a global unique index', 'CREATE UNIQUE INDEX patient_mrn ON app.patient (mrn)', 'global_unique app.patient_mrn'],
  [
    'a global unique index that only includes the tenant',
    'CREATE UNIQUE INDEX patient_mrn ON app.patient (mrn) INCLUDE (tenant_id)',
    'global_unique app.patient_mrn',
  ],
  [
    'a global exclusion constraint',
    'ALTER TABLE app.patient ADD CONSTRAINT patient_apart EXCLUDE (mrn WITH =)',
    'global_unique app.patient_apart',
  ],
  [
    'a foreign key without the tenant',
    'ALTER TABLE app.patient ADD UNIQUE (id); ALTER TABLE app.visit ADD CONSTRAINT visit_patient FOREIGN KEY (patient_id) REFERENCES app.patient (id)',
    'foreign_key_single app.visit',
  ],
  ['a grant on a partition', 'GRANT SELECT ON app.event_0 TO {app}', 'partition_granted app.event_0'],
  [
    'a new partition',
    'ALTER TABLE app.event DETACH PARTITION app.event_0; CREATE TABLE app.event_1 PARTITION OF app.event FOR VALUES WITH (MODULUS 2, REMAINDER 1)',
    'partition_granted app.event_1',
  ],
  ['a TRUNCATE grant', 'GRANT TRUNCATE ON app.visit TO {app}', 'grant_dangerous app.visit'],
  ['a REFERENCES grant', 'GRANT REFERENCES ON app.visit TO {app}', 'grant_dangerous app.visit'],
  ['a REFERENCES grant on a column', 'GRANT REFERENCES (id) ON app.visit TO {app}', 'grant_dangerous app.visit'],
  ['a definer view', 'CREATE VIEW app.everybody AS SELECT * FROM app.patient', 'definer_view app.everybody'],
  [
    'a view that was turned back',
    'ALTER VIEW app.patient_list RESET (security_invoker)',
    'definer_view app.patient_list',
  ],
  [
    'a materialized view',
    'CREATE MATERIALIZED VIEW app.counted AS SELECT count(*) FROM app.patient',
    'copy_granted app.counted',
  ],
  [
    'a definer function',
    'CREATE FUNCTION app.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER RETURN (SELECT count(*) FROM app.patient)',
    'definer_function app.peek()',
  ],
  [
    'a leakproof operator function',
    'RESET ROLE; CREATE FUNCTION app.leaky(text) RETURNS bool LANGUAGE sql LEAKPROOF RETURN true',
    'unsafe_leakproof app.leaky(text)',
  ],
  ['a grant on the keys', 'GRANT SELECT ON bulkhead.context_key TO {app}', 'registry_granted bulkhead.context_key'],
  ['a schema where the service may create', 'GRANT CREATE ON SCHEMA app TO {app}', 'can_create schema app'],
  [
    'temporary tables',
    "DO $$ BEGIN EXECUTE format('GRANT TEMP ON DATABASE %I TO {app}', current_database()); END $$",
    'can_create database {db}',
  ],
  ['an owner that can log in', 'RESET ROLE; ALTER ROLE {owner} LOGIN', 'owner_can_login {owner}'],
  ['a superuser that serves', 'RESET ROLE; ALTER ROLE {app} SUPERUSER', 'serving_too_mighty {app}'],
  ['a serving role with BYPASSRLS', 'RESET ROLE; ALTER ROLE {app} BYPASSRLS', 'serving_too_mighty {app}'],
  ['a serving role that may replicate', 'RESET ROLE; ALTER ROLE {app} REPLICATION', 'serving_too_mighty {app}'],
  [
    'a serving role in the owner',
    'RESET ROLE; GRANT {owner} TO {app} WITH INHERIT FALSE',
    'serving_is_owner_member {app}',
  ],
  [
    'a serving role in a predefined role',
    'RESET ROLE; GRANT pg_read_all_stats TO {app}',
    'serving_predefined_role {app}',
  ],
  [
    'a stranger in the owner',
    'RESET ROLE; CREATE ROLE bulkhead_lint_stranger; GRANT {owner} TO bulkhead_lint_stranger',
    'unknown_operator bulkhead_lint_stranger',
  ],
  ['a table that the service owns', 'RESET ROLE; ALTER TABLE app.visit OWNER TO {app}', 'serving_owns {app}'],
];

it.each(leaks)('names %s', async (_, sql, wanted) => {
  const database = new URL(plane.superuserUrl).pathname.slice(1);
  const named = (text: string) =>
    text.replaceAll('{app}', plane.servingRole).replaceAll('{owner}', plane.ownerRole).replaceAll('{db}', database);
  await plane.asOwner('BEGIN');
  try {
    await plane.asOwner(named(sql));
    expect(await lint()).toContain(named(wanted));
  } finally {
    await plane.asOwner('ROLLBACK');
    await plane.asOwner(`SET ROLE ${plane.ownerRole}`);
  }
  expect(await lint()).toEqual([]);
});

it('knows operators by name, and protect refuses a table without a tenant key', async () => {
  await plane.asSuperuser(`CREATE ROLE bulkhead_lint_mover; GRANT ${plane.ownerRole} TO bulkhead_lint_mover`);
  expect(await lint()).toEqual(['unknown_operator bulkhead_lint_mover']);
  expect(await plane.asOwner(`SELECT * FROM bulkhead.lint('{bulkhead_lint_mover}')`)).toEqual([]);
  await plane.asSuperuser('DROP ROLE bulkhead_lint_mover');
  await plane.asOwner('BEGIN; CREATE TABLE app.plain (id int PRIMARY KEY, tenant_id text)');
  await expect(plane.asOwner(`SELECT bulkhead.protect('app.plain')`)).rejects.toThrow('does not begin with tenant_id');
  await plane.asOwner('ROLLBACK');
});
