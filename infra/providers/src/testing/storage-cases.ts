import type { Properties } from '../protocol/values.js';
import { CHANGED_TAGS, TAGS, type ResourceCase, type Setup } from './resource-case.js';

let buckets = 0;

async function bucket(setup: Setup, extra: Properties = {}): Promise<Properties> {
  const made = await setup('aws:s3/bucket:Bucket', { bucket: `bh-setting-${++buckets}`, tags: TAGS, ...extra });
  return { bucket: made['bucket'] ?? '' };
}

export const keyCases: readonly ResourceCase[] = [
  {
    token: 'aws:kms/key:Key',
    before: { description: 'Bulkhead bnd_1', enableKeyRotation: true, deletionWindowInDays: 7, tags: TAGS },
    after: { description: 'Bulkhead bnd_1 changed', enableKeyRotation: false, isEnabled: false, tags: CHANGED_TAGS },
    replacing: { keyUsage: 'SIGN_VERIFY' },
    outputs: ['arn', 'keyId', 'tagsAll', 'policy'],
  },
  {
    token: 'aws:kms/alias:Alias',
    before: { name: 'alias/bulkhead/bnd_1' },
    after: {},
    replacing: { name: 'alias/bulkhead/bnd_2' },
    outputs: ['arn', 'targetKeyArn'],
    arrange: async (setup) => {
      const key = await setup('aws:kms/key:Key', { description: 'for an alias', tags: TAGS });
      return { targetKeyId: key['keyId'] ?? '' };
    },
  },
];

export const bucketCases: readonly ResourceCase[] = [
  {
    token: 'aws:s3/bucket:Bucket',
    before: { bucket: 'bh-1', forceDestroy: true, tags: TAGS },
    after: { tags: CHANGED_TAGS },
    replacing: { bucket: 'bh-2' },
    outputs: ['arn', 'bucketDomainName', 'bucketRegionalDomainName', 'tagsAll'],
  },
  {
    token: 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
    before: { blockPublicAcls: true, blockPublicPolicy: true },
    after: { ignorePublicAcls: true, restrictPublicBuckets: true },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
    before: { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms' }, bucketKeyEnabled: true }] },
    after: { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms' }, bucketKeyEnabled: false }] },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    leaves: {
      rules: [
        { applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256', kmsMasterKeyId: '' }, bucketKeyEnabled: false },
      ],
    },
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketVersioning:BucketVersioning',
    before: { versioningConfiguration: { status: 'Enabled' } },
    after: { versioningConfiguration: { status: 'Suspended' } },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    leaves: { versioningConfiguration: { status: 'Suspended' } },
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
    before: {
      rules: [
        {
          id: 'retention',
          status: 'Enabled',
          filter: { prefix: '' },
          noncurrentVersionExpiration: { noncurrentDays: 30 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
      ],
    },
    after: { rules: [{ id: 'retention', status: 'Enabled', expiration: { days: 90 } }] },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketPolicy:BucketPolicy',
    before: { policy: denial('s3:GetObject') },
    after: { policy: denial('s3:PutObject') },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration',
    before: { rule: { defaultRetention: { mode: 'COMPLIANCE', days: 1 } } },
    after: { rule: { defaultRetention: { mode: 'GOVERNANCE', days: 2 } } },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    leaves: { objectLockEnabled: 'Enabled' },
    arrange: (setup) => bucket(setup, { objectLockEnabled: true }),
  },
  {
    token: 'aws:s3/bucketOwnershipControls:BucketOwnershipControls',
    before: { rule: { objectOwnership: 'BucketOwnerEnforced' } },
    after: { rule: { objectOwnership: 'BucketOwnerPreferred' } },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    arrange: bucket,
  },
];

/** A policy that forbids one action on everything of a bucket that does not exist; S3 takes any resource here. */
function denial(action: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'DenyPlainHttp',
        Effect: 'Deny',
        Principal: '*',
        Action: action,
        Resource: ['arn:aws:s3:::bh-setting-*/*'],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  });
}

export const queueCases: readonly ResourceCase[] = [
  {
    token: 'aws:sqs/queue:Queue',
    before: {
      name: 'bh-1',
      kmsMasterKeyId: 'alias/aws/sqs',
      messageRetentionSeconds: 1_209_600,
      tags: TAGS,
      redrivePolicy: JSON.stringify({
        maxReceiveCount: 5,
        deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:bh-1-dlq',
      }),
    },
    after: { visibilityTimeoutSeconds: 60, delaySeconds: 1, tags: CHANGED_TAGS },
    replacing: { name: 'bh-2', fifoQueue: true },
    outputs: ['arn', 'url', 'tagsAll'],
    arrange: async (setup) => {
      await setup('aws:sqs/queue:Queue', { name: 'bh-1-dlq', tags: TAGS });
      return {};
    },
  },
  {
    token: 'aws:sqs/queuePolicy:QueuePolicy',
    before: { policy: queueDenial('sqs:SendMessage') },
    after: { policy: queueDenial('sqs:ReceiveMessage') },
    replacing: { queueUrl: 'http://127.0.0.1/000000000000/other' },
    outputs: [],
    arrange: async (setup) => {
      const queue = await setup('aws:sqs/queue:Queue', { name: 'bh-policy', tags: TAGS });
      return { queueUrl: queue['url'] ?? '' };
    },
  },
];

function queueDenial(action: string): string {
  const statement = {
    Effect: 'Deny',
    Principal: '*',
    Action: action,
    Resource: ['arn:aws:sqs:us-east-1:000000000000:bh-policy'],
  };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}
