import { physicalNames } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import { TenantDatabase } from './tenant-database.js';
import { only, recordProgram } from './testing/recorded-program.js';

const id = newId('binding');
const names = physicalNames(id);
const record = (extra: object = {}) =>
  recordProgram(() => {
    const database = new TenantDatabase('database', {
      ownership: { id, stack: 's' },
      names,
      instanceClass: 'db.t4g.medium',
      storageGb: 40,
      retention: { backupDays: 35, objectVersionDays: 30, logDays: 100 },
      keyArn: 'arn:key',
      schemaVersion: '7',
      ...extra,
    });
    return { host: database.host, master: database.masterSecretArn };
  });

test('the instance is private, encrypted with the key, backed up, and its master password is managed by RDS', async () => {
  const { resources, result } = await record();
  const instance = only(resources, 'aws:rds/instance:Instance');
  expect(instance.protect).toBe(true);
  expect(instance.inputs).toMatchObject({
    identifier: names.instance,
    publiclyAccessible: false,
    storageEncrypted: true,
    kmsKeyId: 'arn:key',
    masterUserSecretKmsKeyId: 'arn:key',
    manageMasterUserPassword: true,
    username: 'bulkhead_master',
    backupRetentionPeriod: 35,
    copyTagsToSnapshot: true,
    deletionProtection: true,
    skipFinalSnapshot: false,
  });
  expect(instance.inputs).not.toHaveProperty('password');
  expect(result.master).toContain('secret:rds!');
});

test('statements and their parameters stay out of the database log, and a move can replicate', async () => {
  const { resources } = await record();
  const parameters = only(resources, 'aws:rds/parameterGroup:ParameterGroup').inputs['parameters'];
  const values = Object.fromEntries(parameters.map((p: { name: string; value: string }) => [p.name, p.value]));
  expect(values).toEqual({
    'rds.force_ssl': '1',
    'rds.logical_replication': '1',
    log_statement: 'none',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_parameter_max_length_on_error: '0',
  });
});

test('database, roles and schema are made inside the instance; the binding is the home', async () => {
  const { resources, result } = await record();
  const database = only(resources, 'bulkhead:postgres:TenantDatabase');
  expect(database.protect).toBe(true);
  expect(database.inputs).toEqual({
    resourceId: id,
    home: id,
    host: result.host,
    port: 5432,
    masterSecretArn: result.master,
    database: names.database,
    ownerRole: names.ownerRole,
    servingRole: names.servingRole,
    servingSecretArn: expect.stringContaining(names.servingSecret),
    migratorRole: names.migratorRole,
    migratorSecretArn: expect.stringContaining(names.migratorSecret),
    consumerRole: names.consumerRole,
    consumerSecretArn: expect.stringContaining(names.consumerSecret),
    schemaVersion: '7',
  });
});

const secretsOf = (resources: Awaited<ReturnType<typeof record>>['resources']) =>
  resources.filter(({ type }) => type === 'aws:secretsmanager/secret:Secret');

test('the logins are secrets without a value under the customer key', async () => {
  const { resources } = await record();
  expect(secretsOf(resources).map(({ inputs }) => [inputs['name'], inputs['kmsKeyId']])).toEqual([
    [names.servingSecret, 'arn:key'],
    [names.migratorSecret, 'arn:key'],
    [names.consumerSecret, 'arn:key'],
  ]);
  expect(resources.filter((r) => r.type.includes('SecretVersion'))).toEqual([]);
});

test('logs are kept at least as long as asked, in a retention that CloudWatch accepts', async () => {
  const { resources } = await record();
  expect(only(resources, 'aws:cloudwatch/logGroup:LogGroup').inputs['retentionInDays']).toBe(120);
});

test('a discarded database gives up protection, the final snapshot and the recovery of its secrets', async () => {
  const { resources } = await record({ discardedBy: newId('operation') });
  const instance = only(resources, 'aws:rds/instance:Instance');
  expect(instance.protect).toBe(false);
  expect(instance.inputs).toMatchObject({ deletionProtection: false, skipFinalSnapshot: true });
  expect(only(resources, 'bulkhead:postgres:TenantDatabase').protect).toBe(false);
  expect(secretsOf(resources).map(({ protect, inputs }) => [protect, inputs['recoveryWindowInDays']])).toEqual([
    [false, 0],
    [false, 0],
    [false, 0],
  ]);
});
