import { paginateListRoles, paginateListRoleTags, type IAMClient } from '@aws-sdk/client-iam';
import { DescribeKeyCommand, paginateListKeys, paginateListResourceTags, type KMSClient } from '@aws-sdk/client-kms';
import { paginateDescribeDBInstances, type RDSClient } from '@aws-sdk/client-rds';
import { GetBucketTaggingCommand, paginateListBuckets, type S3Client } from '@aws-sdk/client-s3';
import { paginateListSecrets, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListQueueTagsCommand, paginateListQueues, type SQSClient } from '@aws-sdk/client-sqs';
import type { PlaneClients } from '../clients.js';

/** Tags by which Bulkhead's resources are known (`OWNERSHIP_TAGS` in infra/components). */
const MANAGED_BY = 'bulkhead:managed-by';
const OWNER = 'bulkhead:id';
const STACK = 'bulkhead:stack';
const TENANT = 'bulkhead:tenant';
const PAGE = 100;

/** Types that are listed: what holds data or gives access. */
export const INVENTORY_TYPES = [
  'aws:s3/bucket:Bucket',
  'aws:sqs/queue:Queue',
  'aws:kms/key:Key',
  'aws:secretsmanager/secret:Secret',
  'aws:rds/instance:Instance',
  'aws:iam/role:Role',
] as const;
export type InventoryType = (typeof INVENTORY_TYPES)[number];

export type InventoryClients = Omit<PlaneClients, 'databaseTls'> & { readonly iam: IAMClient };

/** A resource that carries our tags. */
export interface CloudResource {
  readonly type: InventoryType;
  /** Physical id, as Pulumi's state has it. */
  readonly id: string;
  /** Binding, cell or stack that it was made for; empty where nothing says. */
  readonly owner: string;
  readonly stack: string;
  readonly tenant: string;
}

type Tags = Readonly<Record<string, string>>;

const LISTINGS: Readonly<Record<InventoryType, (clients: InventoryClients) => AsyncGenerator<CloudResource, void>>> = {
  'aws:s3/bucket:Bucket': ({ s3 }) => buckets(s3),
  'aws:sqs/queue:Queue': ({ sqs }) => queues(sqs),
  'aws:kms/key:Key': ({ kms }) => keys(kms),
  'aws:secretsmanager/secret:Secret': ({ secrets }) => listSecrets(secrets),
  'aws:rds/instance:Instance': ({ rds }) => instances(rds),
  'aws:iam/role:Role': ({ iam }) => roles(iam),
};

/**
 * Lists what holds data or gives access, page by page, and keeps what carries our tags. Each service is swept by
 * itself: the Resource Groups Tagging API leaves out some of them, and what was never tagged.
 * @param types only these; all by default.
 */
export async function* listCloud(
  clients: InventoryClients,
  types: readonly InventoryType[] = INVENTORY_TYPES,
): AsyncGenerator<CloudResource, void> {
  for (const type of types) yield* LISTINGS[type](clients);
}

function* ours(type: InventoryType, id: string | undefined, tags: Tags): Generator<CloudResource, void> {
  if (id === undefined || tags[MANAGED_BY] !== 'bulkhead') return;
  yield { type, id, owner: tags[OWNER] ?? '', stack: tags[STACK] ?? '', tenant: tags[TENANT] ?? '' };
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

async function* listSecrets(client: SecretsManagerClient): AsyncGenerator<CloudResource, void> {
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
