import { newId } from '@bulkhead/kernel';
import { TenantBucket } from './tenant-bucket.js';
import { only, recordProgram } from './testing/recorded-program.js';

const id = newId('binding');
const tenantId = newId('tenant');
const ownership = { id, stack: 'dedicated-tenant.stk_1', tenantId };
const args = { ownership, bucket: 'bh-1', keyArn: 'arn:key', objectVersionDays: 30 };
const record = (extra: object = {}) => recordProgram(() => new TenantBucket('storage', { ...args, ...extra }).bucket);

test('a tenant bucket is private, versioned and encrypted with the given key', async () => {
  const { resources, result } = await record();
  expect(result).toBe('bh-1');
  expect(only(resources, 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock').inputs).toEqual({
    bucket: 'bh-1',
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  const encryption = only(
    resources,
    'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  );
  expect(encryption.inputs['rules'][0].applyServerSideEncryptionByDefault).toEqual({
    sseAlgorithm: 'aws:kms',
    kmsMasterKeyId: 'arn:key',
  });
  const versioning = only(resources, 'aws:s3/bucketVersioning:BucketVersioning');
  expect(versioning.inputs['versioningConfiguration'].status).toBe('Enabled');
  const lifecycle = only(resources, 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration');
  expect(lifecycle.inputs['rules'][0].noncurrentVersionExpiration).toEqual({ noncurrentDays: 30 });
  expect(lifecycle.inputs['rules'][0].expiration).toBeUndefined();
});

test('a tenant bucket refuses plain HTTP for the bucket and its objects', async () => {
  const { resources } = await record();
  const [statement] = JSON.parse(only(resources, 'aws:s3/bucketPolicy:BucketPolicy').inputs['policy']).Statement;
  expect(statement).toMatchObject({
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: ['arn:aws:s3:::bh-1', 'arn:aws:s3:::bh-1/*'],
    Condition: {
      Bool: { 'aws:SecureTransport': 'false' },
      NotIpAddress: { 'aws:SourceIp': ['127.0.0.0/8', '::1/128'] },
    },
  });
});

test('a tenant bucket carries who owns it, and every child has the component as parent', async () => {
  const { resources } = await record();
  expect(only(resources, 'aws:s3/bucket:Bucket').inputs['tags']).toEqual({
    'bulkhead:id': id,
    'bulkhead:stack': 'dedicated-tenant.stk_1',
    'bulkhead:managed-by': 'bulkhead',
    'bulkhead:data-class': 'phi',
    'bulkhead:tenant': tenantId,
  });
  const children = resources.filter((r) => r.type.startsWith('aws:'));
  expect(children).toHaveLength(7);
  expect(new Set(children.map((r) => r.parent))).toEqual(new Set(['storage']));
});

test('a kept bucket is protected and keeps its objects; a discarded one lets go of both', async () => {
  const kept = only((await record()).resources, 'aws:s3/bucket:Bucket');
  expect([kept.protect, kept.inputs['forceDestroy']]).toEqual([true, false]);
  const discarded = only((await record({ discardedBy: newId('operation') })).resources, 'aws:s3/bucket:Bucket');
  expect([discarded.protect, discarded.inputs['forceDestroy']]).toEqual([false, true]);
});

test('a bucket with a lock keeps every object undeletable for the given days', async () => {
  const { resources } = await record({ lockDays: 400 });
  expect(only(resources, 'aws:s3/bucket:Bucket').inputs['objectLockEnabled']).toBe(true);
  const lock = only(resources, 'aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration');
  expect(lock.inputs['rule'].defaultRetention).toEqual({ mode: 'COMPLIANCE', days: 400 });
});
