import { DeleteDBInstanceCommand, DescribeDBInstancesCommand, ModifyDBInstanceCommand } from '@aws-sdk/client-rds';
import { DeleteSecretCommand, ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import type { Properties } from '../protocol/values.js';
import { startPlane, type PlaneFixture } from '../testing/plane-fixture.js';

const TYPE = 'aws:rds/instance:Instance';
let plane: PlaneFixture;

beforeAll(async () => {
  plane = await startPlane();
});
afterAll(() => plane?.stop());

const masterSecret = (state: Properties) => (state['masterUserSecrets'] as [{ secretArn: string }])[0].secretArn;
const login = async (state: Properties) => ({
  ...(await plane.secretValue(masterSecret(state))),
  host: state['address'],
  port: state['port'],
  database: 'postgres',
});
const recordExists = async (identifier: string) =>
  plane.clients.rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier })).then(
    () => true,
    () => false,
  );

test('an instance is a real server whose managed master password is in the secret and nowhere else', async () => {
  const { state } = await plane.instance('bh-real');
  const secret = await plane.secretValue(masterSecret(state));
  expect(
    await plane.sql(
      await login(state),
      'SELECT rolsuper OR rolbypassrls AS mighty FROM pg_roles WHERE rolname = current_user',
    ),
  ).toEqual([{ mighty: false }]);
  expect(state['endpoint']).toBe(`${state['address'] as string}:${state['port'] as number}`);
  expect(JSON.stringify(state)).not.toContain(secret['password']);
});

test('deletion protection is honoured, and the server is untouched', async () => {
  const { inputs, state } = await plane.instance('bh-protected');
  await plane.aws.update(TYPE, 'bh-protected', inputs, { ...inputs, deletionProtection: true, applyImmediately: true });
  await expect(plane.aws.delete(TYPE, 'bh-protected', inputs, state)).rejects.toThrow(
    /RDS instance bh-protected: .*DeletionProtection/,
  );
  expect(await plane.sql(await login(state), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test.each([
  [
    'the server',
    async (id: string) =>
      fetch(`${plane.rds.url}/instances/${id}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${plane.rds.token}` },
      }),
  ],
  [
    'the secret',
    async (_id: string, state: Properties) =>
      plane.clients.secrets.send(
        new DeleteSecretCommand({ SecretId: masterSecret(state), ForceDeleteWithoutRecovery: true }),
      ),
  ],
])('a creation that was cut off before %s was made is completed', async (_what, takeAway) => {
  const identifier = `bh-cut-${_what.replaceAll(' ', '-')}`;
  const { inputs, state } = await plane.instance(identifier);
  await takeAway(identifier, state);
  expect(await plane.aws.read(TYPE, identifier, { inputs, state })).toBeUndefined();
  const again = await plane.aws.create(TYPE, inputs);
  expect(again.state['resourceId']).toBe(state['resourceId']);
  expect(await plane.sql(await login(again.state), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a server that RDS knows nothing of is named and kept: it may hold all there is of a tenant', async () => {
  const { inputs, state } = await plane.instance('bh-orphan');
  await plane.clients.rds.send(
    new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'bh-orphan', SkipFinalSnapshot: true }),
  );
  await expect(plane.aws.create(TYPE, inputs)).rejects.toThrow(
    /database server for bh-orphan exists, but RDS knows no such instance/,
  );
  expect(plane.rds.identifiers()).toContain('bh-orphan');
  await plane.aws.delete(TYPE, 'bh-orphan', inputs, state);
  expect(plane.rds.identifiers()).not.toContain('bh-orphan');
});

test('an instance of another owner is named and not touched', async () => {
  await plane.instance('bh-other');
  const inputs = { ...(await plane.instance('bh-other')).inputs, tags: { 'bulkhead:id': 'somebody-else' } };
  await expect(plane.aws.create(TYPE, inputs)).rejects.toThrow(
    /RDS instance bh-other exists already and is not tagged bulkhead:id=somebody-else/,
  );
});

test('a setting that was changed from outside is drift, and update brings it back', async () => {
  const { inputs, state } = await plane.instance('bh-drift');
  await plane.clients.rds.send(
    new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'bh-drift', PubliclyAccessible: true, ApplyImmediately: true }),
  );
  const seen = await plane.aws.read(TYPE, 'bh-drift', { inputs, state });
  expect((await plane.aws.diff(TYPE, seen?.inputs ?? {}, inputs)).changed).toEqual(['publiclyAccessible']);
  await plane.aws.update(TYPE, 'bh-drift', seen?.inputs ?? {}, inputs);
  expect((await plane.aws.read(TYPE, 'bh-drift', { inputs, state }))?.inputs).toEqual(inputs);
});

test('a password in the program is refused', async () => {
  const { inputs } = await plane.instance('bh-password');
  const { refusals } = await plane.aws.refusals(TYPE, { ...inputs, password: 'in-the-state' });
  expect(refusals).toEqual([expect.stringContaining('"password"')]);
  expect((await plane.aws.refusals(TYPE, { ...inputs, manageMasterUserPassword: false })).refusals).toEqual([
    expect.stringContaining('must be true'),
  ]);
});

test('deleting takes record, server and secret, and may be repeated', async () => {
  const { inputs, state } = await plane.instance('bh-deleted');
  await plane.aws.delete(TYPE, 'bh-deleted', inputs, state);
  await plane.aws.delete(TYPE, 'bh-deleted', inputs, state);
  expect(await recordExists('bh-deleted')).toBe(false);
  expect(plane.rds.identifiers()).not.toContain('bh-deleted');
  const { SecretList = [] } = await plane.clients.secrets.send(
    new ListSecretsCommand({ IncludePlannedDeletion: true }),
  );
  expect(SecretList.map(({ ARN }) => ARN)).not.toContain(masterSecret(state));
});
