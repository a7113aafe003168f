import { DecryptCommand } from '@aws-sdk/client-kms';
import type { Properties } from '../protocol/values.js';
import { startPlane, type PlaneFixture } from '../testing/plane-fixture.js';

const TYPE = 'bulkhead:pool:Registration';
let plane: PlaneFixture;
let cell: Properties;
let keys: string[];

beforeAll(async () => {
  plane = await startPlane();
  const { state: instance } = await plane.instance('bh-cell');
  const database = await plane.databaseInputs(instance, 'bh_cell');
  await plane.bulkhead.create('bulkhead:postgres:TenantDatabase', database);
  const key = async (description: string) =>
    (await plane.aws.create('aws:kms/key:Key', { description, tags: { 'bulkhead:id': 'cel_1' } })).state[
      'arn'
    ] as string;
  keys = [await key('one'), await key('two')];
  const { host = '', port = 0, masterSecretArn = '', ownerRole = '' } = database;
  cell = { host, port, masterSecretArn, ownerRole, database: 'bh_cell', keyArn: keys[0] ?? '' };
});
afterAll(() => plane?.stop());

const binding = (bindingId: string, layer: string): Properties => ({
  ...cell,
  bindingId,
  layer,
  locator: `b/${bindingId}/`,
});
const rows = (text: string, values: unknown[] = []) =>
  plane.sql({ ...plane.rds.superuserOf('bh-cell'), database: 'bh_cell' }, text, values);

test('a registration is a row without a tenant, read back as it was given', async () => {
  const inputs = binding('bnd_storage', 'storage');
  const { id, state } = await plane.bulkhead.create(TYPE, inputs);
  expect(id).toBe('bnd_storage');
  expect(state).toMatchObject({ bindingId: 'bnd_storage', layer: 'storage', locator: 'b/bnd_storage/' });
  expect(
    await rows(
      "SELECT layer, locator, tenant_id, bound_at FROM bulkhead.registration WHERE binding_id = 'bnd_storage'",
    ),
  ).toEqual([{ layer: 'storage', locator: 'b/bnd_storage/', tenant_id: null, bound_at: null }]);
  expect((await plane.bulkhead.read(TYPE, id, { inputs, state }))?.inputs).toEqual(inputs);
});

test('a key binding gets one wrapped data key that opens only for that binding', async () => {
  const inputs = binding('bnd_key', 'key');
  await plane.bulkhead.create(TYPE, inputs);
  const [first] = await rows("SELECT version, wrapped, key_arn FROM bulkhead.data_key WHERE binding_id = 'bnd_key'");
  expect(first).toMatchObject({ version: 1, key_arn: keys[0] });
  const open = (context: string) =>
    plane.clients.kms.send(
      new DecryptCommand({
        CiphertextBlob: first?.['wrapped'] as Uint8Array,
        EncryptionContext: { 'bulkhead:binding': context },
      }),
    );
  expect((await open('bnd_key')).Plaintext).toHaveLength(32);
  await expect(open('bnd_other')).rejects.toThrow(/EncryptionContext/);

  await plane.bulkhead.create(TYPE, inputs);
  expect(await rows("SELECT version, wrapped, key_arn FROM bulkhead.data_key WHERE binding_id = 'bnd_key'")).toEqual([
    first,
  ]);
});

test('another KMS key adds a version and keeps the old one', async () => {
  const inputs = binding('bnd_rekeyed', 'key');
  await plane.bulkhead.create(TYPE, inputs);
  await plane.bulkhead.update(TYPE, 'bnd_rekeyed', inputs, { ...inputs, keyArn: keys[1] ?? '' });
  expect(
    await rows("SELECT version, key_arn FROM bulkhead.data_key WHERE binding_id = 'bnd_rekeyed' ORDER BY version"),
  ).toEqual([
    { version: 1, key_arn: keys[0] },
    { version: 2, key_arn: keys[1] },
  ]);
});

test('a binding that is registered for another layer is an error, and stays as it is', async () => {
  await plane.bulkhead.create(TYPE, binding('bnd_taken', 'queue'));
  await expect(plane.bulkhead.create(TYPE, binding('bnd_taken', 'key'))).rejects.toThrow(
    /registered already for another layer/,
  );
  expect(
    await rows(
      "SELECT layer, (SELECT count(*)::int FROM bulkhead.data_key d WHERE d.binding_id = r.binding_id) AS keys FROM bulkhead.registration r WHERE binding_id = 'bnd_taken'",
    ),
  ).toEqual([{ layer: 'queue', keys: 0 }]);
});

test('an unknown layer is refused before anything is written', async () => {
  expect((await plane.bulkhead.refusals(TYPE, binding('bnd_layer', 'network'))).refusals).toEqual([
    expect.stringContaining('must be one of'),
  ]);
});

test('a change or a removal from outside shows as drift', async () => {
  const inputs = binding('bnd_drift', 'storage');
  const { id, state } = await plane.bulkhead.create(TYPE, inputs);
  await rows("UPDATE bulkhead.registration SET locator = 'elsewhere' WHERE binding_id = $1", [id]);
  const seen = await plane.bulkhead.read(TYPE, id, { inputs, state });
  expect((await plane.bulkhead.diff(TYPE, seen?.inputs ?? {}, inputs)).changed).toEqual(['locator']);
  await rows('DELETE FROM bulkhead.registration WHERE binding_id = $1', [id]);
  expect(await plane.bulkhead.read(TYPE, id, { inputs, state })).toBeUndefined();
});

test('a binding that serves a tenant is not removed; a free one goes with its data key', async () => {
  const inputs = binding('bnd_bound', 'key');
  const { id, state } = await plane.bulkhead.create(TYPE, inputs);
  await rows("UPDATE bulkhead.registration SET tenant_id = 'ten_1', bound_at = now() WHERE binding_id = $1", [id]);
  await expect(plane.bulkhead.delete(TYPE, id, inputs, state)).rejects.toThrow(/still serves a tenant/);
  await rows('UPDATE bulkhead.registration SET tenant_id = NULL, bound_at = NULL WHERE binding_id = $1', [id]);
  await plane.bulkhead.delete(TYPE, id, inputs, state);
  expect(await rows('SELECT FROM bulkhead.data_key WHERE binding_id = $1', [id])).toEqual([]);
  await plane.bulkhead.delete(TYPE, id, inputs, state);
});
