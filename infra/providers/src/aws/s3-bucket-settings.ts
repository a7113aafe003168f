import {
  DeleteBucketEncryptionCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetBucketEncryptionCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  PutBucketEncryptionCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  type BucketVersioningStatus,
  type ObjectLockRetentionMode,
  type ObjectOwnership,
  type ServerSideEncryption,
} from '@aws-sdk/client-s3';
import { absentAsUndefined } from '../protocol/failure.js';
import type { ResourceType, Rules } from '../protocol/resource-type.js';
import type { Properties } from '../protocol/values.js';
import type { AwsClients } from './clients.js';

type S3 = AwsClients['s3'];

/** A setting of a bucket that is a resource type of its own: one call sets it whole, one reads it, one removes it. */
export interface BucketSetting<I extends object> {
  readonly token: string;
  readonly what: string;
  readonly rules: Rules;
  put(s3: S3, bucket: string, inputs: I): Promise<unknown>;
  get(s3: S3, bucket: string, known: Partial<I>): Promise<Properties | undefined>;
  remove(s3: S3, bucket: string): Promise<unknown>;
}

/** Makes the resource type of a setting. Its id is the bucket, and another bucket is another resource. */
export function bucketSetting<I extends object>(
  setting: BucketSetting<I>,
): ResourceType<AwsClients, I & { bucket: string }> {
  return {
    token: setting.token,
    rules: {
      bucket: { required: true, replaces: true },
      region: { computed: true, replaces: true },
      ...setting.rules,
    },
    computed: [],
    label: ({ bucket }) => `${setting.what} of S3 bucket ${bucket}`,
    async create({ s3 }, inputs) {
      await setting.put(s3, inputs.bucket, inputs);
      return inputs.bucket;
    },
    async read({ s3, region }, id, known) {
      const seen = await absentAsUndefined(setting.get(s3, id, known as Partial<I>));
      return seen === undefined ? undefined : { bucket: id, region, ...seen };
    },
    async update({ s3 }, id, inputs) {
      await setting.put(s3, id, inputs);
    },
    async delete({ s3 }, id) {
      await absentAsUndefined(setting.remove(s3, id));
    },
  };
}

interface PublicAccessInputs {
  readonly blockPublicAcls?: boolean;
  readonly blockPublicPolicy?: boolean;
  readonly ignorePublicAcls?: boolean;
  readonly restrictPublicBuckets?: boolean;
}

/** terraform-provider-aws, internal/service/s3/bucket_public_access_block.go. */
export const s3PublicAccessBlock = bucketSetting<PublicAccessInputs>({
  token: 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
  what: 'public access block',
  rules: {
    blockPublicAcls: { fallback: false },
    blockPublicPolicy: { fallback: false },
    ignorePublicAcls: { fallback: false },
    restrictPublicBuckets: { fallback: false },
  },
  put: (s3, Bucket, inputs) =>
    s3.send(
      new PutPublicAccessBlockCommand({
        Bucket,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: inputs.blockPublicAcls ?? false,
          BlockPublicPolicy: inputs.blockPublicPolicy ?? false,
          IgnorePublicAcls: inputs.ignorePublicAcls ?? false,
          RestrictPublicBuckets: inputs.restrictPublicBuckets ?? false,
        },
      }),
    ),
  async get(s3, Bucket) {
    const { PublicAccessBlockConfiguration: block } = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    return {
      blockPublicAcls: block?.BlockPublicAcls ?? false,
      blockPublicPolicy: block?.BlockPublicPolicy ?? false,
      ignorePublicAcls: block?.IgnorePublicAcls ?? false,
      restrictPublicBuckets: block?.RestrictPublicBuckets ?? false,
    };
  },
  remove: (s3, Bucket) => s3.send(new DeletePublicAccessBlockCommand({ Bucket })),
});

interface EncryptionInputs {
  readonly rules: readonly {
    readonly applyServerSideEncryptionByDefault?: {
      readonly sseAlgorithm: ServerSideEncryption;
      readonly kmsMasterKeyId?: string;
    };
    readonly bucketKeyEnabled?: boolean;
  }[];
}

/** terraform-provider-aws, internal/service/s3/bucket_server_side_encryption_configuration.go. */
export const s3Encryption = bucketSetting<EncryptionInputs>({
  token: 'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  what: 'encryption',
  rules: {
    rules: {
      required: true,
      nested: {
        applyServerSideEncryptionByDefault: { nested: { sseAlgorithm: {}, kmsMasterKeyId: { fallback: '' } } },
        bucketKeyEnabled: { fallback: false },
      },
    },
  },
  put: (s3, Bucket, { rules }) =>
    s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: rules.map(({ applyServerSideEncryptionByDefault: algorithm, bucketKeyEnabled }) => ({
            BucketKeyEnabled: bucketKeyEnabled ?? false,
            ...(algorithm === undefined
              ? {}
              : {
                  ApplyServerSideEncryptionByDefault: {
                    SSEAlgorithm: algorithm.sseAlgorithm,
                    KMSMasterKeyID: algorithm.kmsMasterKeyId,
                  },
                }),
          })),
        },
      }),
    ),
  async get(s3, Bucket) {
    const { ServerSideEncryptionConfiguration: found } = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
    const rules = (found?.Rules ?? []).map((rule) => ({
      applyServerSideEncryptionByDefault: {
        sseAlgorithm: rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? '',
        kmsMasterKeyId: rule.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID ?? '',
      },
      bucketKeyEnabled: rule.BucketKeyEnabled ?? false,
    }));
    return rules.length === 0 ? undefined : { rules };
  },
  remove: (s3, Bucket) => s3.send(new DeleteBucketEncryptionCommand({ Bucket })),
});

interface VersioningInputs {
  readonly versioningConfiguration: { readonly status: BucketVersioningStatus | 'Disabled' };
}

/** terraform-provider-aws, internal/service/s3/bucket_versioning.go. */
export const s3Versioning = bucketSetting<VersioningInputs>({
  token: 'aws:s3/bucketVersioning:BucketVersioning',
  what: 'versioning',
  rules: { versioningConfiguration: { required: true, nested: { status: {} } } },
  put: async (s3, Bucket, { versioningConfiguration: { status } }) => {
    if (status === 'Disabled') return;
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: status } }));
  },
  async get(s3, Bucket) {
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
    return { versioningConfiguration: { status: Status ?? 'Disabled' } };
  },
  // Versioning cannot be undone, only suspended; under Object Lock not even that, and the bucket goes next anyway.
  remove: (s3, Bucket) =>
    s3
      .send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }))
      .catch((error: unknown) => {
        if ((error as Error).name !== 'InvalidBucketState') throw error;
      }),
});

/** terraform-provider-aws, internal/service/s3/bucket_policy.go. */
export const s3Policy = bucketSetting<{ readonly policy: string }>({
  token: 'aws:s3/bucketPolicy:BucketPolicy',
  what: 'policy',
  rules: { policy: { required: true, compareAs: 'document' } },
  put: (s3, Bucket, { policy }) => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy })),
  async get(s3, Bucket) {
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
    return Policy === undefined ? undefined : { policy: Policy };
  },
  remove: (s3, Bucket) => s3.send(new DeleteBucketPolicyCommand({ Bucket })),
});

interface ObjectLockInputs {
  readonly rule?: {
    readonly defaultRetention: {
      readonly mode?: ObjectLockRetentionMode;
      readonly days?: number;
      readonly years?: number;
    };
  };
}

/** terraform-provider-aws, internal/service/s3/bucket_object_lock_configuration.go. */
export const s3ObjectLock = bucketSetting<ObjectLockInputs>({
  token: 'aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration',
  what: 'Object Lock configuration',
  rules: {
    objectLockEnabled: { fallback: 'Enabled', replaces: true },
    rule: { nested: { defaultRetention: { nested: { mode: {}, days: { fallback: 0 }, years: { fallback: 0 } } } } },
  },
  put: (s3, Bucket, { rule }) =>
    s3.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          ...(rule === undefined
            ? {}
            : {
                Rule: {
                  DefaultRetention: {
                    Mode: rule.defaultRetention.mode,
                    Days: rule.defaultRetention.days,
                    Years: rule.defaultRetention.years,
                  },
                },
              }),
        },
      }),
    ),
  async get(s3, Bucket) {
    const { ObjectLockConfiguration: lock } = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
    if (lock?.ObjectLockEnabled !== 'Enabled') return undefined;
    const kept = lock.Rule?.DefaultRetention;
    const defaultRetention = kept && { mode: kept.Mode ?? '', days: kept.Days ?? 0, years: kept.Years ?? 0 };
    return { objectLockEnabled: 'Enabled', ...(defaultRetention && { rule: { defaultRetention } }) };
  },
  // Object Lock stays on for the life of the bucket; only the default retention can go.
  remove: (s3, Bucket) =>
    s3.send(
      new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }),
    ),
});

/** terraform-provider-aws, internal/service/s3/bucket_ownership_controls.go. */
export const s3Ownership = bucketSetting<{ readonly rule: { readonly objectOwnership: ObjectOwnership } }>({
  token: 'aws:s3/bucketOwnershipControls:BucketOwnershipControls',
  what: 'ownership controls',
  rules: { rule: { required: true, nested: { objectOwnership: {} } } },
  put: (s3, Bucket, { rule }) =>
    s3.send(
      new PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: { Rules: [{ ObjectOwnership: rule.objectOwnership }] },
      }),
    ),
  async get(s3, Bucket) {
    const { OwnershipControls } = await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    const objectOwnership = OwnershipControls?.Rules?.[0]?.ObjectOwnership;
    return objectOwnership === undefined ? undefined : { rule: { objectOwnership } };
  },
  remove: (s3, Bucket) => s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket })),
});
