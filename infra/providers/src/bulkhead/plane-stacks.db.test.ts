import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { ListKeysCommand } from '@aws-sdk/client-kms';
import { PulumiStacks, startProviders, type ProviderProcess } from '../testing/pulumi-stack.js';
import { startPlane, type PlaneFixture } from '../testing/plane-fixture.js';

let plane: PlaneFixture;
let providers: ProviderProcess;
let stacks: PulumiStacks;

beforeAll(async () => {
  plane = await startPlane();
  providers = await startProviders({
    AWS_REGION: plane.emulator.region,
    AWS_ENDPOINT_URL: plane.emulator.endpoint,
    AWS_ACCESS_KEY_ID: plane.emulator.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: plane.emulator.credentials.secretAccessKey,
    BULKHEAD_LOCAL_RDS_URL: plane.rds.url,
    BULKHEAD_LOCAL_RDS_TOKEN: plane.rds.token,
  });
  stacks = new PulumiStacks(providers.ports);
});
afterAll(async () => {
  stacks?.remove();
  await providers?.stop();
  await plane?.stop();
});

class TenantDatabase extends pulumi.CustomResource {
  declare readonly schemaDigest: pulumi.Output<string>;
  constructor(name: string, args: object) {
    super('bulkhead:postgres:TenantDatabase', name, { ...args, schemaDigest: undefined });
  }
}
class Registration extends pulumi.CustomResource {
  constructor(name: string, args: object) {
    super('bulkhead:pool:Registration', name, { ...args });
  }
}

const tags = { 'bulkhead:id': 'cel_1' };

async function cellProgram() {
  const key = new aws.kms.Key('key', { description: 'cell', enableKeyRotation: true, tags });
  const instance = new aws.rds.Instance('instance', {
    identifier: 'bh-cel1',
    engine: 'postgres',
    engineVersion: '18',
    instanceClass: 'db.t4g.micro',
    allocatedStorage: 20,
    username: 'bulkhead_master',
    manageMasterUserPassword: true,
    masterUserSecretKmsKeyId: key.arn,
    storageEncrypted: true,
    kmsKeyId: key.arn,
    skipFinalSnapshot: true,
    applyImmediately: true,
    tags,
  });
  const [secret, migratorSecret, consumerSecret] = ['serving', 'migrator', 'consumer'].map(
    (login) =>
      new aws.secretsmanager.Secret(login, {
        name: `bulkhead/cel_1/${login}`,
        kmsKeyId: key.arn,
        recoveryWindowInDays: 0,
        tags,
      }),
  ) as [aws.secretsmanager.Secret, aws.secretsmanager.Secret, aws.secretsmanager.Secret];
  const masterSecretArn = instance.masterUserSecrets.apply(([master]) => master?.secretArn ?? '');
  const server = {
    host: instance.address,
    port: instance.port,
    masterSecretArn,
    database: 'bh_cel1',
    ownerRole: 'bh_cel1_owner',
  };
  const database = new TenantDatabase('database', {
    ...server,
    resourceId: 'cel_1',
    servingRole: 'bh_cel1_app',
    servingSecretArn: secret.arn,
    migratorRole: 'bh_cel1_migrator',
    migratorSecretArn: migratorSecret.arn,
    consumerRole: 'bh_cel1_consumer',
    consumerSecretArn: consumerSecret.arn,
    home: 'cel_1',
    schemaVersion: '1',
  });
  return {
    server,
    keyArn: key.arn,
    servingSecretArn: secret.arn,
    migratorSecretArn: migratorSecret.arn,
    consumerSecretArn: consumerSecret.arn,
    masterSecretArn,
    digest: database.schemaDigest,
    resourceId: instance.resourceId,
  };
}

const roster = (cell: Record<string, unknown>, count: number) => async () => {
  for (let index = 0; index < count; index++) {
    const bindingId = `bnd_${index}`;
    const layer = ['database', 'storage', 'key', 'queue'][index % 4];
    new Registration(bindingId, {
      ...(cell['server'] as object),
      bindingId,
      layer,
      keyArn: cell['keyArn'],
      locator: `b/${index}/`,
    });
  }
};

/** Every file below a folder, in one text. */
function everythingIn(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}

test('a cell and a roster of 50 live a whole life, and no password reaches the state', async () => {
  const stack = await stacks.stack('cell', cellProgram);
  expect((await stack.preview()).changeSummary).toEqual({ create: 7 });
  const { outputs } = await stack.up();
  const cell = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])) as Record<
    string,
    string
  >;
  expect((await stack.up()).summary.resourceChanges).toEqual({ same: 7 });
  expect((await stack.previewRefresh()).changeSummary).toEqual({ same: 7 });

  const registrations = await stacks.stack('roster', roster(cell, 50));
  expect((await registrations.up()).summary.resourceChanges).toEqual({ create: 51 });
  expect((await registrations.up()).summary.resourceChanges).toEqual({ same: 51 });
  expect((await registrations.previewRefresh()).changeSummary).toEqual({ same: 51 });
  const superuser = { ...plane.rds.superuserOf('bh-cel1'), database: 'bh_cel1' };
  expect(
    await plane.sql(
      superuser,
      'SELECT (SELECT count(*)::int FROM bulkhead.registration) AS rows, (SELECT count(*)::int FROM bulkhead.data_key) AS keys',
    ),
  ).toEqual([{ rows: 50, keys: 12 }]);

  const passwords = await Promise.all(
    [cell['masterSecretArn'], cell['servingSecretArn'], cell['migratorSecretArn'], cell['consumerSecretArn']].map(
      async (arn) => String((await plane.secretValue(arn ?? ''))['password']),
    ),
  );
  const exported =
    JSON.stringify(await stack.exportStack()) +
    JSON.stringify(await registrations.exportStack()) +
    everythingIn(stacks.folder);
  expect(exported).toContain('bh-cel1');
  for (const password of passwords) expect(exported).not.toContain(password);

  // The state is lost: the same program finds what it made, and makes nothing twice.
  const keysBefore = (await plane.clients.kms.send(new ListKeysCommand({}))).Keys?.length;
  for (const name of ['cell', 'roster']) stacks.forget(name);
  const cellAgain = await stacks.stack('cell', cellProgram);
  const { outputs: adopted } = await cellAgain.up();
  for (const name of ['resourceId', 'keyArn', 'masterSecretArn', 'servingSecretArn', 'digest'])
    expect(adopted[name]?.value).toEqual(cell[name]);
  const rosterAgain = await stacks.stack('roster', roster(cell, 50));
  await rosterAgain.up();
  expect(
    await plane.sql(
      superuser,
      'SELECT (SELECT count(*)::int FROM bulkhead.registration) AS rows, (SELECT count(*)::int FROM bulkhead.data_key) AS keys',
    ),
  ).toEqual([{ rows: 50, keys: 12 }]);
  expect((await plane.clients.kms.send(new ListKeysCommand({}))).Keys?.length).toBe(keysBefore);
  expect(await plane.secretValue(cell['servingSecretArn'] ?? '')).toMatchObject({ password: passwords[1] });

  await rosterAgain.destroy();
  await cellAgain.destroy();
  expect(plane.rds.identifiers()).toEqual([]);
}, 300_000);
