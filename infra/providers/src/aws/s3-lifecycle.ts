import {
  DeleteBucketLifecycleCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  type ExpirationStatus,
  type LifecycleRule,
  type TransitionStorageClass,
} from '@aws-sdk/client-s3';
import type { Rules } from '../protocol/resource-type.js';
import type { Json } from '../protocol/values.js';
import { bucketSetting } from './s3-bucket-settings.js';

interface Transition {
  readonly days?: number;
  readonly storageClass: TransitionStorageClass;
}

interface RuleInputs {
  readonly id: string;
  readonly status: ExpirationStatus;
  readonly filter?: { readonly prefix?: string };
  readonly expiration?: { readonly days?: number; readonly expiredObjectDeleteMarker?: boolean };
  readonly transitions?: readonly Transition[];
  readonly noncurrentVersionExpiration?: { readonly noncurrentDays: number; readonly newerNoncurrentVersions?: number };
  readonly noncurrentVersionTransitions?: readonly {
    readonly noncurrentDays: number;
    readonly storageClass: TransitionStorageClass;
  }[];
  readonly abortIncompleteMultipartUpload?: { readonly daysAfterInitiation?: number };
}

const RULE: Rules = {
  id: {},
  status: {},
  filter: { nested: { prefix: { fallback: '' } }, fallback: {} },
  expiration: { nested: { days: { fallback: 0 }, expiredObjectDeleteMarker: { fallback: false } } },
  transitions: { nested: { days: { fallback: 0 }, storageClass: {} }, fallback: [] },
  noncurrentVersionExpiration: { nested: { noncurrentDays: {}, newerNoncurrentVersions: { fallback: 0 } } },
  noncurrentVersionTransitions: { nested: { noncurrentDays: {}, storageClass: {} }, fallback: [] },
  abortIncompleteMultipartUpload: { nested: { daysAfterInitiation: {} } },
};

/** terraform-provider-aws, internal/service/s3/bucket_lifecycle_configuration.go. */
export const s3Lifecycle = bucketSetting<{ readonly rules: readonly RuleInputs[] }>({
  token: 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
  what: 'lifecycle configuration',
  rules: { rules: { required: true, nested: RULE } },
  put: (s3, Bucket, { rules }) =>
    s3.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: rules.map(toAws) } }),
    ),
  async get(s3, Bucket) {
    const { Rules: found = [] } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    return found.length === 0 ? undefined : { rules: found.map(fromAws) };
  },
  remove: (s3, Bucket) => s3.send(new DeleteBucketLifecycleCommand({ Bucket })),
});

function toAws(rule: RuleInputs): LifecycleRule {
  return {
    ID: rule.id,
    Status: rule.status,
    Filter: { Prefix: rule.filter?.prefix ?? '' },
    Expiration: rule.expiration && {
      Days: rule.expiration.days,
      ExpiredObjectDeleteMarker: rule.expiration.expiredObjectDeleteMarker,
    },
    Transitions: rule.transitions?.map(({ days, storageClass }) => ({ Days: days, StorageClass: storageClass })),
    NoncurrentVersionExpiration: rule.noncurrentVersionExpiration && {
      NoncurrentDays: rule.noncurrentVersionExpiration.noncurrentDays,
      NewerNoncurrentVersions: rule.noncurrentVersionExpiration.newerNoncurrentVersions,
    },
    NoncurrentVersionTransitions: rule.noncurrentVersionTransitions?.map(({ noncurrentDays, storageClass }) => ({
      NoncurrentDays: noncurrentDays,
      StorageClass: storageClass,
    })),
    AbortIncompleteMultipartUpload: rule.abortIncompleteMultipartUpload && {
      DaysAfterInitiation: rule.abortIncompleteMultipartUpload.daysAfterInitiation,
    },
  };
}

function fromAws(rule: LifecycleRule): Json {
  const { Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } = rule;
  return {
    id: rule.ID ?? '',
    status: rule.Status ?? '',
    filter: { prefix: rule.Filter?.Prefix ?? '' },
    ...(Expiration === undefined
      ? {}
      : {
          expiration: {
            days: Expiration.Days ?? 0,
            expiredObjectDeleteMarker: Expiration.ExpiredObjectDeleteMarker ?? false,
          },
        }),
    transitions: (rule.Transitions ?? []).map(({ Days = 0, StorageClass = '' }) => ({
      days: Days,
      storageClass: StorageClass,
    })),
    ...(NoncurrentVersionExpiration === undefined
      ? {}
      : {
          noncurrentVersionExpiration: {
            noncurrentDays: NoncurrentVersionExpiration.NoncurrentDays ?? 0,
            newerNoncurrentVersions: NoncurrentVersionExpiration.NewerNoncurrentVersions ?? 0,
          },
        }),
    noncurrentVersionTransitions: (rule.NoncurrentVersionTransitions ?? []).map(
      ({ NoncurrentDays = 0, StorageClass = '' }) => ({ noncurrentDays: NoncurrentDays, storageClass: StorageClass }),
    ),
    ...(AbortIncompleteMultipartUpload === undefined
      ? {}
      : {
          abortIncompleteMultipartUpload: {
            daysAfterInitiation: AbortIncompleteMultipartUpload.DaysAfterInitiation ?? 0,
          },
        }),
  };
}
