import { only, recordProgram } from '@bulkhead/components/testing';
import { programFor } from './program-for.js';

const spec = { region: 'us-east-1' as const, auditBucket: 'audit-1', logBucket: 'logs-1', auditLockDays: 2555 };

test('audit checkpoints land in a bucket whose objects nobody can delete, logs in one that forgets after six years', async () => {
  const { resources, result } = await recordProgram(programFor({ program: 'landing-zone', spec }));
  expect(result).toMatchObject({ auditBucket: 'audit-1', logBucket: 'logs-1' });
  const locks = resources.filter((r) => r.type.endsWith(':BucketObjectLockConfiguration'));
  expect(locks.map((lock) => lock.inputs)).toEqual([
    { bucket: 'audit-1', rule: { defaultRetention: { mode: 'COMPLIANCE', days: 2555 } } },
  ]);
  const logs = only(resources, 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration', 'logs-lifecycle');
  expect(logs.inputs['rules'][0].expiration).toEqual({ days: 2192 });
  const audit = only(resources, 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration', 'audit-lifecycle');
  expect(audit.inputs['rules'][0]).not.toHaveProperty('expiration');
});

test('both buckets are protected and under the key of the landing zone', async () => {
  const { resources, result } = await recordProgram(programFor({ program: 'landing-zone', spec }));
  const buckets = resources.filter((r) => r.type === 'aws:s3/bucket:Bucket');
  expect(buckets.map((bucket) => bucket.protect)).toEqual([true, true]);
  const keys = resources
    .filter((r) => r.type.endsWith(':BucketServerSideEncryptionConfiguration'))
    .map((r) => r.inputs['rules'][0].applyServerSideEncryptionByDefault.kmsMasterKeyId);
  expect(new Set(keys)).toEqual(new Set([(result as { keyArn: string }).keyArn]));
});

test('the permission boundary of tenant roles is made for the region', async () => {
  const { resources } = await recordProgram(programFor({ program: 'landing-zone', spec }));
  expect(only(resources, 'aws:iam/policy:Policy').inputs['name']).toBe('bulkhead-tenant-boundary-us-east-1');
});
