import { IAMClient, paginateListRoles, paginateListRoleTags } from '@aws-sdk/client-iam';
import { KMSClient, paginateListKeys, paginateListResourceTags, DescribeKeyCommand } from '@aws-sdk/client-kms';
import { paginateDescribeDBInstances, RDSClient } from '@aws-sdk/client-rds';
import { GetBucketTaggingCommand, paginateListBuckets, S3Client } from '@aws-sdk/client-s3';
import { paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListQueueTagsCommand, paginateListQueues, SQSClient } from '@aws-sdk/client-sqs';

/** Tags by which Bulkhead's resources are known (`OWNERSHIP_TAGS` in infra/components). */
const MANAGED_BY = 'bulkhead:managed-by';
const OWNER = 'bulkhead:id';
const STACK = 'bulkhead:stack';
const PAGE = 100;

/** A resource that carries our tags. */
export interface CloudResource {
  readonly type: string;
  /** Physical id, as Pulumi's state has it. */
  readonly id: string;
  /** Binding, cell or stack that it was made for. */
  readonly owner: string;
  readonly stack: string;
}

type Tags = Readonly<Record<string, string>>;

/**
 * Lists what holds data or gives access, page by page, and keeps what carries our tags. Each service is swept by
 * itself: the Resource Groups Tagging API leaves out some of them, and what was never tagged.
 * @param endpoint of an emulator; absent means AWS itself. Credentials come by the SDK's default chain.
 */
export async function* listCloud(region: string, endpoint: string | undefined): AsyncGenerator<CloudResource, void> {
  const options = { region, ...(endpoint && { endpoint }) };
  yield* buckets(new S3Client({ ...options, forcePathStyle: endpoint !== undefined }));
  yield* queues(new SQSClient(options));
  yield* keys(new KMSClient(options));
  yield* secrets(new SecretsManagerClient(options));
  yield* instances(new RDSClient(options));
  yield* roles(new IAMClient(options));
}

function* ours(type: string, id: string | undefined, tags: Tags): Generator<CloudResource, void> {
  if (id === undefined || tags[MANAGED_BY] !== 'bulkhead') return;
  yield { type, id, owner: tags[OWNER] ?? '', stack: tags[STACK] ?? '' };
}

function tagsOf(list: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): Tags {
  return Object.fromEntries((list ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
}

/** What went, or may not be read, between its listing and a look at it belongs to nobody here. */
async function orNothing<T>(work: Promise<T>, codes: readonly string[]): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && codes.includes(error.name)) return undefined;
    throw error;
  }
}

async function* buckets(client: S3Client): AsyncGenerator<CloudResource, void> {
  for await (const { Buckets } of paginateListBuckets({ client, pageSize: PAGE }, {})) {
    for (const { Name } of Buckets ?? []) {
      const tagging = client.send(new GetBucketTaggingCommand({ Bucket: Name }));
      const answer = await orNothing(tagging, ['NoSuchTagSet', 'NoSuchBucket']);
      yield* ours('aws:s3/bucket:Bucket', Name, tagsOf(answer?.TagSet));
    }
  }
}

async function* queues(client: SQSClient): AsyncGenerator<CloudResource, void> {
  for await (const { QueueUrls } of paginateListQueues({ client, pageSize: PAGE }, {})) {
    for (const url of QueueUrls ?? []) {
      const tags = client.send(new ListQueueTagsCommand({ QueueUrl: url }));
      const answer = await orNothing(tags, ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue']);
      yield* ours('aws:sqs/queue:Queue', url, answer?.Tags ?? {});
    }
  }
}

async function* keys(client: KMSClient): AsyncGenerator<CloudResource, void> {
  for await (const { Keys } of paginateListKeys({ client, pageSize: PAGE }, {})) {
    for (const { KeyId } of Keys ?? []) {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
      // Of AWS's own keys nobody else may read the tags; a key that is being deleted is on its way out.
      if (KeyMetadata?.KeyManager === 'AWS' || KeyMetadata?.KeyState === 'PendingDeletion') continue;
      for await (const { Tags } of paginateListResourceTags({ client }, { KeyId })) {
        yield* ours(
          'aws:kms/key:Key',
          KeyId,
          tagsOf(Tags?.map(({ TagKey, TagValue }) => ({ Key: TagKey, Value: TagValue }))),
        );
      }
    }
  }
}

async function* secrets(client: SecretsManagerClient): AsyncGenerator<CloudResource, void> {
  for await (const { SecretList } of paginateListSecrets({ client, pageSize: PAGE }, {})) {
    for (const { ARN, Tags, DeletedDate } of SecretList ?? []) {
      if (DeletedDate === undefined) yield* ours('aws:secretsmanager/secret:Secret', ARN, tagsOf(Tags));
    }
  }
}

async function* instances(client: RDSClient): AsyncGenerator<CloudResource, void> {
  for await (const { DBInstances } of paginateDescribeDBInstances({ client, pageSize: PAGE }, {})) {
    for (const { DBInstanceIdentifier, TagList } of DBInstances ?? []) {
      yield* ours('aws:rds/instance:Instance', DBInstanceIdentifier, tagsOf(TagList));
    }
  }
}

async function* roles(client: IAMClient): AsyncGenerator<CloudResource, void> {
  for await (const { Roles } of paginateListRoles({ client, pageSize: PAGE }, {})) {
    for (const { RoleName } of Roles ?? []) {
      // The list leaves the tags out.
      for await (const { Tags } of paginateListRoleTags({ client }, { RoleName })) {
        yield* ours('aws:iam/role:Role', RoleName, tagsOf(Tags));
      }
    }
  }
}
