import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { waitFor } from '@bulkhead/kernel';
import type { Properties } from '../protocol/values.js';
import { startPlane, type PlaneFixture } from '../testing/plane-fixture.js';

const TYPE = 'bulkhead:postgres:TenantDatabase';
let plane: PlaneFixture;
let instance: { inputs: Properties; state: Properties };

beforeAll(async () => {
  plane = await startPlane();
  instance = await plane.instance('bh-databases');
});
afterAll(() => plane?.stop());

const secretArn = (inputs: Properties) => inputs['servingSecretArn'] as string;
async function made(name: string): Promise<{ inputs: Properties; state: Properties }> {
  const inputs = await plane.databaseInputs(instance.state, name);
  return { inputs, state: (await plane.bulkhead.create(TYPE, inputs)).state };
}
const superuser = (database: string) => ({ ...plane.rds.superuserOf('bh-databases'), database });

test("the serving login of the secret works on the workload's tables and on nothing else", async () => {
  const { inputs } = await made('bh_serving');
  const login = await plane.secretValue(secretArn(inputs));
  expect(login).toMatchObject({
    username: 'bh_serving_app',
    host: '127.0.0.1',
    port: inputs['port'],
    database: 'bh_serving',
  });
  await plane.sql(
    superuser('bh_serving'),
    'SET ROLE bh_serving_owner; CREATE TABLE app.note (tenant_id text, id int, PRIMARY KEY (tenant_id, id))',
  );

  await plane.sql(login, "INSERT INTO app.note VALUES ('ten_1', 1)");
  expect(await plane.sql(login, 'SELECT count(*)::int AS count FROM app.note')).toEqual([{ count: 1 }]);
  await expect(plane.sql(login, 'TRUNCATE app.note')).rejects.toThrow('permission denied');
  await expect(plane.sql(login, 'CREATE TABLE app.mine (a int)')).rejects.toThrow('permission denied');
  await expect(plane.sql(login, 'CREATE TABLE public.mine (a int)')).rejects.toThrow('permission denied');
  await expect(plane.sql(login, 'SELECT * FROM bulkhead.tenant_home')).rejects.toThrow('permission denied');
  await expect(plane.sql(login, 'SET ROLE bh_serving_owner')).rejects.toThrow('permission denied');
});

test('the migrator makes tables as the owner, which the application can use, and has no right of its own', async () => {
  const { inputs } = await made('bh_migrated');
  const migrator = await plane.secretValue(inputs['migratorSecretArn'] as string);
  expect(migrator).toMatchObject({ username: 'bh_migrated_migrator', port: inputs['port'], database: 'bh_migrated' });
  const table = 'CREATE TABLE app.note (tenant_id text, id int, PRIMARY KEY (tenant_id, id))';
  await expect(plane.sql(migrator, table)).rejects.toThrow('permission denied');
  await expect(plane.sql(migrator, 'SELECT * FROM bulkhead.tenant_home')).rejects.toThrow('permission denied');
  await plane.sql(migrator, `SET ROLE bh_migrated_owner; ${table}`);
  const application = await plane.secretValue(secretArn(inputs));
  expect(await plane.sql(application, 'SELECT * FROM app.note')).toEqual([]);
  await expect(plane.sql(application, 'SET ROLE bh_migrated_migrator')).rejects.toThrow('permission denied');
});

test('a database that was made before there was a migrator gets one, and is not replaced for it', async () => {
  const { inputs } = await made('bh_older');
  const { migratorRole, migratorSecretArn, ...old } = inputs;
  await plane.sql(superuser('bh_older'), `DROP OWNED BY bh_older_migrator; DROP ROLE bh_older_migrator`);
  expect((await plane.bulkhead.diff(TYPE, old, inputs)).replaces).toEqual([]);
  await plane.bulkhead.update(TYPE, 'bh_older', old, inputs);
  const login = await plane.secretValue(migratorSecretArn as string);
  expect(await plane.sql(login, 'SELECT current_user::text AS me')).toEqual([{ me: migratorRole }]);
});

const CONTEXT_FREE = `SELECT * FROM tenancy.claim_messages(10, 60000, 10)`;

test('a live database of schema version 5 is upgraded in place: claims are the consumer’s from then on, and nothing is lost', async () => {
  const wanted = { ...(await plane.databaseInputs(instance.state, 'bh_five')), schemaVersion: '6' };
  const { consumerRole, consumerSecretArn, ...rest } = wanted as Record<string, string>;
  const five = { ...rest, schemaVersion: '5' };
  // As a release before left it: made with all that this one knows, and without what it did not know.
  await plane.bulkhead.create(TYPE, { ...wanted, schemaVersion: '5' });
  const owner = superuser('bh_five');
  await plane.sql(owner, `DROP OWNED BY ${consumerRole}; DROP ROLE ${consumerRole}`);
  await plane.sql(
    owner,
    `INSERT INTO bulkhead.tenant_home VALUES ('ten_1', 'bh_five', 1); INSERT INTO bulkhead.lane VALUES ('ten_1', 1);
     INSERT INTO bulkhead.message (tenant_id, id, class, kind, body, visible_at)
     VALUES ('ten_1', '00000000-0000-0000-0000-000000000001', 1, 'claim', '\\x00', now())`,
  );
  const serving = await plane.secretValue(secretArn(wanted));
  expect(await plane.sql(serving, 'BEGIN; ' + CONTEXT_FREE).then(() => 'claimed')).toBe('claimed');

  expect((await plane.bulkhead.diff(TYPE, five, wanted)).replaces).toEqual([]);
  await plane.bulkhead.update(TYPE, 'bh_five', five, wanted);
  const consumer = await plane.secretValue(consumerSecretArn ?? '');
  await expect(plane.sql(serving, CONTEXT_FREE)).rejects.toThrow('permission denied');
  await expect(
    plane.sql(serving, `SELECT tenancy.return_message('ten_1', gen_random_uuid(), gen_random_uuid(), 0)`),
  ).rejects.toThrow('permission denied');
  // It may call what it called before, for the tenant of its context.
  await expect(plane.sql(serving, 'SELECT * FROM tenancy.layers()')).rejects.toThrow('no tenant context');
  expect(await plane.sql(consumer, CONTEXT_FREE)).toMatchObject([{ tenant_id: 'ten_1', attempt: 1 }]);
  for (const text of [
    'SELECT * FROM tenancy.layers()',
    'SELECT * FROM bulkhead.message',
    'SELECT bulkhead.this_home()',
  ])
    await expect(plane.sql(consumer, text)).rejects.toThrow('permission denied');
  expect(await plane.secretValue(secretArn(wanted))).toEqual(serving);
  // Again, and nothing changes.
  await plane.bulkhead.update(TYPE, 'bh_five', wanted, wanted);
  expect(await plane.secretValue(consumerSecretArn ?? '')).toEqual(consumer);
});

test('no claim is held for longer than an hour, and none for no time at all', async () => {
  const inputs = { ...(await plane.databaseInputs(instance.state, 'bh_clamp')), schemaVersion: '6' };
  await plane.bulkhead.create(TYPE, inputs);
  const holds = await plane.sql(
    superuser('bh_clamp'),
    `SELECT extract(epoch FROM bulkhead.held(h))::float8 AS held, extract(epoch FROM bulkhead.paused(h))::float8 AS paused
       FROM unnest(ARRAY[NULL, -5, 0, 500, 2147483647]) h`,
  );
  expect(holds).toEqual([
    { held: 0.1, paused: 0 },
    { held: 0.1, paused: 0 },
    { held: 0.1, paused: 0 },
    { held: 0.5, paused: 0.5 },
    { held: 3600, paused: 604800 },
  ]);
});

test('no role of the database is superuser, may bypass row security, or is more than it must be', async () => {
  await made('bh_roles');
  const roles = await plane.sql(
    superuser('bh_roles'),
    `SELECT rolname, rolcanlogin, rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication AS mighty
       FROM pg_roles WHERE rolname LIKE 'bh\\_roles\\_%' ORDER BY rolname`,
  );
  expect(roles).toEqual([
    { rolname: 'bh_roles_app', rolcanlogin: true, mighty: false },
    { rolname: 'bh_roles_consumer', rolcanlogin: true, mighty: false },
    { rolname: 'bh_roles_migrator', rolcanlogin: true, mighty: false },
    { rolname: 'bh_roles_owner', rolcanlogin: false, mighty: false },
  ]);
  const members = await plane.sql(
    superuser('bh_roles'),
    `SELECT member::regrole::text AS member, inherit_option FROM pg_auth_members WHERE roleid = 'bh_roles_owner'::regrole AND set_option ORDER BY 1`,
  );
  expect(members).toEqual([
    { member: 'bh_roles_migrator', inherit_option: false },
    { member: 'bulkhead_master', inherit_option: false },
  ]);
  expect(
    await plane.sql(superuser('bh_roles'), "SELECT has_database_privilege('public', 'bh_roles', 'CONNECT') AS open"),
  ).toEqual([{ open: false }]);
});

test('the plane schema has its tables, its home and case-sensitive ids', async () => {
  const { inputs, state } = await made('bh_schema');
  expect(state['schemaDigest']).toMatch(/^[0-9a-f]{64}$/);
  const owner = superuser('bh_schema');
  expect(await plane.sql(owner, 'SELECT bulkhead.this_home() AS home')).toEqual([{ home: 'bh_schema' }]);
  await plane.sql(owner, "INSERT INTO bulkhead.tenant_home VALUES ('ten_1', 'bh_schema', 1)");
  await expect(plane.sql(owner, "INSERT INTO bulkhead.tenant_home VALUES ('ten_1', 'elsewhere', 2)")).rejects.toThrow(
    'duplicate key',
  );
  await expect(plane.sql(owner, "INSERT INTO bulkhead.tenant_home VALUES ('ten_2', 'bh_schema', 0)")).rejects.toThrow(
    'check constraint',
  );
  const other = await made('bh_schema_twin');
  expect(other.state['schemaDigest']).not.toBe(state['schemaDigest']);
  expect((await plane.bulkhead.create(TYPE, inputs)).state['schemaDigest']).toBe(state['schemaDigest']);
});

test('a change of the schema from outside shows as another digest', async () => {
  const { inputs, state } = await made('bh_digest');
  await plane.sql(superuser('bh_digest'), 'GRANT SELECT ON bulkhead.data_key TO PUBLIC');
  const seen = await plane.bulkhead.read(TYPE, 'bh_digest', { inputs, state });
  expect(seen?.state['schemaDigest']).not.toBe(state['schemaDigest']);
  expect(seen?.inputs).toEqual(inputs);
});

test('a repeated creation keeps a password that works, and replaces one that does not', async () => {
  const { inputs } = await made('bh_password');
  const first = await plane.secretValue(secretArn(inputs));
  await plane.bulkhead.create(TYPE, inputs);
  expect(await plane.secretValue(secretArn(inputs))).toEqual(first);

  const broken = JSON.stringify({ ...first, password: 'wrong' });
  await plane.clients.secrets.send(new PutSecretValueCommand({ SecretId: secretArn(inputs), SecretString: broken }));
  await plane.bulkhead.create(TYPE, inputs);
  const mended = await plane.secretValue(secretArn(inputs));
  expect(mended['password']).not.toBe(first['password']);
  expect(await plane.sql(mended, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a rotated master password is noticed', async () => {
  const { inputs, state } = await made('bh_rotated');
  const master = inputs['masterSecretArn'] as string;
  const login = await plane.secretValue(master);
  await plane.sql({ ...superuser('postgres') }, "ALTER ROLE bulkhead_master PASSWORD 'rotated-password'");
  await plane.sql(
    { ...superuser('postgres') },
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bulkhead_master'",
  );
  await plane.clients.secrets.send(
    new PutSecretValueCommand({
      SecretId: master,
      SecretString: JSON.stringify({ ...login, password: 'rotated-password' }),
    }),
  );
  expect((await plane.bulkhead.read(TYPE, 'bh_rotated', { inputs, state }))?.inputs).toEqual(inputs);
});

test('a database of another owner is not taken over', async () => {
  await plane.sql(superuser('postgres'), 'CREATE DATABASE bh_foreign');
  const inputs = await plane.databaseInputs(instance.state, 'bh_foreign');
  await expect(plane.bulkhead.create(TYPE, inputs)).rejects.toThrow(
    /Database bh_foreign exists already and belongs to rdsadmin/,
  );
});

test('a schema version that the provider does not know is refused', async () => {
  const inputs = await plane.databaseInputs(instance.state, 'bh_version');
  const { refusals } = await plane.bulkhead.refusals(TYPE, { ...inputs, schemaVersion: '99' });
  expect(refusals).toEqual([expect.stringContaining('must be a version from 1 to')]);
});

test('a database that is the home of tenants is not dropped; without them it goes, sessions or not', async () => {
  const { inputs, state } = await made('bh_home');
  await plane.sql(
    superuser('bh_home'),
    "INSERT INTO bulkhead.tenant_home VALUES ('ten_1', 'bh_home', 1), ('ten_2', 'bh_home', 1)",
  );
  await expect(plane.bulkhead.delete(TYPE, 'bh_home', inputs, state)).rejects.toThrow(/home of 2 tenants/);
  await plane.sql(superuser('bh_home'), 'DELETE FROM bulkhead.tenant_home');

  const login = await plane.secretValue(secretArn(inputs));
  const open = plane.sql(login, 'SELECT pg_sleep(60)').catch((error: unknown) => String(error));
  await waitFor(
    'the open session',
    async () =>
      (await plane.sql(superuser('postgres'), "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"))
        .length > 0,
  );
  await plane.bulkhead.delete(TYPE, 'bh_home', inputs, state);
  expect(await open).toMatch(/terminat/);
  const left = await plane.sql(
    superuser('postgres'),
    "SELECT datname AS name FROM pg_database WHERE datname = 'bh_home' UNION SELECT rolname FROM pg_roles WHERE rolname LIKE 'bh\\_home%'",
  );
  expect(left).toEqual([]);
  expect(await plane.bulkhead.read(TYPE, 'bh_home', { inputs, state })).toBeUndefined();
  await plane.bulkhead.delete(TYPE, 'bh_home', inputs, state);
});

test('deleting is no error when the server went first', async () => {
  const other = await plane.instance('bh-gone');
  const inputs = await plane.databaseInputs(other.state, 'bh_gone');
  const { state } = await plane.bulkhead.create(TYPE, inputs);
  await plane.aws.delete('aws:rds/instance:Instance', 'bh-gone', other.inputs, other.state);
  expect(plane.rds.identifiers()).not.toContain('bh-gone');
  expect(await plane.bulkhead.read(TYPE, 'bh_gone', { inputs, state })).toBeUndefined();
  await plane.bulkhead.delete(TYPE, 'bh_gone', inputs, state);
});
