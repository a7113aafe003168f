import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import { ownershipTags, type Discardable, type Ownership } from './ownership.js';
import { denyPlainHttp } from './policy-documents.js';

export interface GuardedBucketArgs extends Discardable {
  readonly ownership: Ownership;
  readonly bucket: string;
  readonly keyArn: pulumi.Input<string>;
  /** Days after which noncurrent versions go. */
  readonly objectVersionDays: number;
  /** Days after which current objects go; absent keeps them. */
  readonly expiryDays?: number;
  /** Days for which nobody, the account's root included, can delete an object (Object Lock, COMPLIANCE). */
  readonly lockDays?: number;
}

/**
 * A private, versioned bucket under a customer key that refuses plain HTTP, with its settings as children of `parent`.
 * A discarded bucket is emptied when it is destroyed; S3 itself refuses that for locked objects.
 */
export function guardedBucket(parent: pulumi.Resource, name: string, args: GuardedBucketArgs): aws.s3.Bucket {
  const bucket = new aws.s3.Bucket(
    `${name}-bucket`,
    {
      bucket: args.bucket,
      forceDestroy: args.discardedBy !== undefined,
      ...(args.lockDays === undefined ? {} : { objectLockEnabled: true }),
      tags: ownershipTags(args.ownership),
    },
    { parent, protect: args.discardedBy === undefined },
  );
  guardAccess(parent, name, bucket);
  guardData(parent, name, bucket, args);
  return bucket;
}

function guardAccess(parent: pulumi.Resource, name: string, bucket: aws.s3.Bucket): void {
  const block = new aws.s3.BucketPublicAccessBlock(
    `${name}-public-access`,
    {
      bucket: bucket.bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    { parent },
  );
  new aws.s3.BucketOwnershipControls(
    `${name}-ownership`,
    { bucket: bucket.bucket, rule: { objectOwnership: 'BucketOwnerEnforced' } },
    { parent },
  );
  new aws.s3.BucketPolicy(
    `${name}-policy`,
    { bucket: bucket.bucket, policy: bucket.arn.apply((arn) => denyPlainHttp('s3:*', [arn, `${arn}/*`])) },
    // S3 answers 409 when the policy and the public access block of one bucket change at the same time.
    { parent, dependsOn: [block] },
  );
}

function guardData(parent: pulumi.Resource, name: string, bucket: aws.s3.Bucket, args: GuardedBucketArgs): void {
  new aws.s3.BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    {
      bucket: bucket.bucket,
      rules: [
        {
          applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: args.keyArn },
          bucketKeyEnabled: true,
        },
      ],
    },
    { parent },
  );
  const versioning = new aws.s3.BucketVersioning(
    `${name}-versioning`,
    { bucket: bucket.bucket, versioningConfiguration: { status: 'Enabled' } },
    { parent },
  );
  new aws.s3.BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    {
      bucket: bucket.bucket,
      rules: [
        {
          id: 'retention',
          status: 'Enabled',
          filter: { prefix: '' },
          noncurrentVersionExpiration: { noncurrentDays: args.objectVersionDays },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
          ...(args.expiryDays === undefined ? {} : { expiration: { days: args.expiryDays } }),
        },
      ],
    },
    // A rule on noncurrent versions is refused while the bucket has no versions.
    { parent, dependsOn: [versioning] },
  );
  if (args.lockDays === undefined) return;
  new aws.s3.BucketObjectLockConfiguration(
    `${name}-lock`,
    { bucket: bucket.bucket, rule: { defaultRetention: { mode: 'COMPLIANCE', days: args.lockDays } } },
    { parent, dependsOn: [versioning] },
  );
}
