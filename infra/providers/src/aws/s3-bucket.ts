import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  PutBucketTaggingCommand,
  type BucketLocationConstraint,
} from '@aws-sdk/client-s3';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType } from '../protocol/resource-type.js';
import type { AwsClients } from './clients.js';
import { tagList, tagMap, TAGS, type Tags } from './tags.js';

interface BucketInputs {
  readonly bucket: string;
  readonly forceDestroy?: boolean;
  readonly objectLockEnabled?: boolean;
  readonly tags?: Tags;
}

/**
 * terraform-provider-aws, internal/service/s3/bucket.go `resourceBucket`. What has a resource type of its own
 * (versioning, encryption, lifecycle, policy) is not taken as a property here: the two would fight each other.
 */
export const s3Bucket: ResourceType<AwsClients, BucketInputs> = {
  token: 'aws:s3/bucket:Bucket',
  rules: {
    bucket: { required: true, replaces: true },
    forceDestroy: { fallback: false, unobserved: true },
    objectLockEnabled: { computed: true, replaces: true },
    region: { computed: true, replaces: true },
    tags: TAGS,
  },
  computed: ['arn', 'bucketDomainName', 'bucketRegion', 'bucketRegionalDomainName', 'hostedZoneId', 'tagsAll'],
  label: ({ bucket }) => `S3 bucket ${bucket}`,

  async find({ s3 }, { bucket }) {
    const head = await absentAsUndefined(s3.send(new HeadBucketCommand({ Bucket: bucket })));
    return head === undefined ? undefined : { id: bucket, owner: (await bucketTags(s3, bucket))[OWNERSHIP_TAG] };
  },

  async create({ s3, region }, { bucket, objectLockEnabled, tags }) {
    await s3.send(
      new CreateBucketCommand({
        Bucket: bucket,
        ObjectLockEnabledForBucket: objectLockEnabled,
        CreateBucketConfiguration: {
          // us-east-1 is the one region that must not be named.
          ...(region === 'us-east-1' ? {} : { LocationConstraint: region as BucketLocationConstraint }),
          Tags: tagList(tags),
        },
      }),
    );
    return bucket;
  },

  async read({ s3, region }, id) {
    if ((await absentAsUndefined(s3.send(new HeadBucketCommand({ Bucket: id })))) === undefined) return undefined;
    const [tags, location, lock] = await Promise.all([
      bucketTags(s3, id),
      s3.send(new GetBucketLocationCommand({ Bucket: id })),
      absentAsUndefined(s3.send(new GetObjectLockConfigurationCommand({ Bucket: id }))),
    ]);
    const bucketRegion = location.LocationConstraint ?? 'us-east-1';
    return {
      bucket: id,
      arn: `arn:aws:s3:::${id}`,
      bucketDomainName: `${id}.s3.amazonaws.com`,
      bucketRegionalDomainName: `${id}.s3.${bucketRegion}.amazonaws.com`,
      bucketRegion,
      // Route 53 zones of S3 websites (AWS General Reference, "Amazon S3 website endpoints"); us-east-1 only here.
      hostedZoneId: bucketRegion === 'us-east-1' ? 'Z3AQBSTGFYJSTF' : '',
      objectLockEnabled: lock?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled',
      region,
      tags,
      tagsAll: tags,
    };
  },

  async update({ s3 }, id, { tags }, changed) {
    if (!changed.has('tags')) return;
    const TagSet = tagList(tags);
    if (TagSet.length === 0) await s3.send(new DeleteBucketTaggingCommand({ Bucket: id }));
    else await s3.send(new PutBucketTaggingCommand({ Bucket: id, Tagging: { TagSet } }));
  },

  /** A bucket that holds objects stays, unless the program said `forceDestroy`. Object Lock is never bypassed. */
  async delete({ s3 }, id, { forceDestroy }) {
    if (forceDestroy === true) await emptyBucket(s3, id);
    await absentAsUndefined(s3.send(new DeleteBucketCommand({ Bucket: id })));
  },
};

async function bucketTags(s3: AwsClients['s3'], bucket: string): Promise<Tags> {
  // A bucket without tags answers NoSuchTagSet.
  return tagMap((await absentAsUndefined(s3.send(new GetBucketTaggingCommand({ Bucket: bucket }))))?.TagSet);
}

async function emptyBucket(s3: AwsClients['s3'], Bucket: string): Promise<void> {
  for (;;) {
    const page = await absentAsUndefined(s3.send(new ListObjectVersionsCommand({ Bucket })));
    const versions = [...(page?.Versions ?? []), ...(page?.DeleteMarkers ?? [])];
    if (versions.length === 0) return;
    const Objects = versions.map(({ Key = '', VersionId }) => ({ Key, VersionId }));
    const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    const [refused] = Errors;
    if (refused !== undefined) throw new Error(`S3 refused to delete an object version: ${refused.Code}`);
  }
}
