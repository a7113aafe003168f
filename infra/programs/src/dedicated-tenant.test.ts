import { only, recordProgram, type DeclaredResource } from '@bulkhead/components/testing';
import { physicalNames, type DedicatedTenantSpec } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import { programFor } from './program-for.js';

const bindings = {
  database: newId('binding'),
  storage: newId('binding'),
  key: newId('binding'),
  queue: newId('binding'),
};
const slot = {
  stackId: newId('stack'),
  region: 'us-east-1' as const,
  retention: { backupDays: 35, objectVersionDays: 90, logDays: 400 },
};
const full: DedicatedTenantSpec = {
  ...slot,
  tenantId: newId('tenant'),
  database: { bindingId: bindings.database, instanceClass: 'db.m7g.large', storageGb: 100 },
  storage: { bindingId: bindings.storage },
  key: { bindingId: bindings.key },
  queue: { bindingId: bindings.queue },
};
const record = (spec: DedicatedTenantSpec) => recordProgram(programFor({ program: 'dedicated-tenant', spec }));
const cloudTypes = (resources: DeclaredResource[]) =>
  resources.filter((r) => /^(aws|bulkhead:(postgres|pool)):/.test(r.type)).map((r) => r.type.split(':').at(-1));

test('four dedicated layers give the outputs of all four under names of their own bindings', async () => {
  const { result } = await record(full);
  const database = physicalNames(bindings.database);
  expect(result).toEqual({
    database: {
      host: `${database.instance}.rds.test`,
      port: 5432,
      database: database.database,
      instance: database.instance,
      masterSecretArn: expect.any(String),
      servingSecretArn: expect.any(String),
    },
    storage: {
      bucket: physicalNames(bindings.storage).bucket,
      arn: `arn:aws:s3:::${physicalNames(bindings.storage).bucket}`,
    },
    key: { keyArn: expect.any(String), alias: physicalNames(bindings.key).keyAlias },
    queue: {
      queueUrl: expect.stringMatching(new RegExp(`${physicalNames(bindings.queue).queue}$`)),
      deadLetterQueueUrl: expect.stringMatching(new RegExp(`${physicalNames(bindings.queue).deadLetterQueue}$`)),
    },
  });
});

test('only the layers of the specification are made; what is shared stays where it is', async () => {
  const spec: DedicatedTenantSpec = {
    ...slot,
    sharedKeyArn: 'arn:aws:kms:us-east-1:123456789012:key/c',
    database: full.database!,
  };
  const { resources, result } = await record(spec);
  expect(Object.keys(result as object)).toEqual(['database']);
  const types = cloudTypes(resources);
  expect(types).not.toContain('Key');
  expect(types).not.toContain('Bucket');
  expect(types).not.toContain('Queue');
  expect(only(resources, 'aws:rds/instance:Instance').inputs['kmsKeyId']).toBe(spec.sharedKeyArn);
  const [key] = JSON.parse(only(resources, 'aws:iam/rolePolicy:RolePolicy').inputs['policy']).Statement;
  expect(key.Condition.StringEquals).toHaveProperty('kms:ViaService');
});

test('each taggable resource names its own binding, the stack and the tenant', async () => {
  const { resources } = await record(full);
  const tagged = resources.filter((r) => r.inputs['tags']);
  for (const { inputs } of tagged) {
    expect(inputs['tags']['bulkhead:tenant']).toBe(full.tenantId);
    expect(inputs['tags']['bulkhead:stack']).toBe(`dedicated-tenant.${full.stackId}`);
  }
  const ids = new Set(tagged.map((r) => r.inputs['tags']['bulkhead:id']));
  expect(ids).toEqual(new Set([...Object.values(bindings), full.stackId]));
});

test('a warm slot carries no tenant', async () => {
  const { tenantId: _, ...warm } = full;
  const { resources } = await record(warm);
  expect(resources.filter((r) => r.inputs['tags']?.['bulkhead:tenant'])).toEqual([]);
});

test('what holds state is protected, and only an operation that answers for it lifts that', async () => {
  const stateful = /:(Instance|Bucket|Key|Queue|Secret|TenantDatabase)$/;
  const states = (resources: DeclaredResource[]) =>
    resources.filter((r) => stateful.test(r.type) && !r.type.includes(':components:')).map((r) => r.protect);
  expect(states((await record(full)).resources)).toEqual(Array(9).fill(true));
  const discarded = await record({ ...full, discardedBy: newId('operation') });
  expect(states(discarded.resources)).toEqual(Array(9).fill(false));
});

test('no physical name is left to chance', async () => {
  const { resources } = await record(full);
  const named = (r: DeclaredResource) =>
    ['name', 'bucket', 'identifier', 'queueUrl', 'role', 'keyId', 'resourceId'].some((field) => r.inputs[field]);
  const anonymous = resources.filter((r) => cloudTypes([r]).length > 0 && !named(r)).map((r) => r.type);
  // KMS gives keys their ids; the alias and the ownership tag find them.
  expect(anonymous).toEqual(['aws:kms/key:Key']);
});

test('a stack without any key or without any layer is refused before anything is declared', () => {
  const refused = expect.objectContaining({ code: 'dedicated_tenant_invalid' });
  const request = (spec: DedicatedTenantSpec) => programFor({ program: 'dedicated-tenant', spec });
  expect(() => request({ ...slot, storage: full.storage! })).toThrow(refused);
  expect(() => request({ ...slot, sharedKeyArn: 'arn:key' })).toThrow(refused);
});
