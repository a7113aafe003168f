import { newId } from '@bulkhead/kernel';
import { TenantKey } from './tenant-key.js';
import { only, recordProgram } from './testing/recorded-program.js';

const ownership = { id: newId('binding'), stack: 's' };
const record = (extra: object = {}) =>
  recordProgram(() => new TenantKey('key', { ownership, aliasName: 'alias/bulkhead/x', ...extra }).keyArn);

test('a tenant key rotates, is protected, waits the longest before destruction and is found by its alias', async () => {
  const { resources, result } = await record();
  const key = only(resources, 'aws:kms/key:Key');
  expect(key).toMatchObject({ protect: true, inputs: { enableKeyRotation: true, deletionWindowInDays: 30 } });
  expect(key.inputs['tags']['bulkhead:id']).toBe(ownership.id);
  expect(key.inputs['tags']).not.toHaveProperty('bulkhead:tenant');
  const alias = only(resources, 'aws:kms/alias:Alias');
  expect(alias.inputs).toMatchObject({ name: 'alias/bulkhead/x', targetKeyId: 'id-of-key-key' });
  expect(result).toMatch(/^arn:aws:kms:/);
});

test('a discarded key is not protected and waits the shortest', async () => {
  const { resources } = await record({ discardedBy: newId('operation') });
  expect(only(resources, 'aws:kms/key:Key')).toMatchObject({ protect: false, inputs: { deletionWindowInDays: 7 } });
});
