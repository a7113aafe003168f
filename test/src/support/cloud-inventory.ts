import { CloudWatchClient, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { IAMClient, paginateListPolicies, paginateListRoles } from '@aws-sdk/client-iam';
import { DescribeKeyCommand, KMSClient, paginateListAliases, paginateListKeys } from '@aws-sdk/client-kms';
import {
  paginateDescribeDBInstances,
  paginateDescribeDBParameterGroups,
  paginateDescribeDBSnapshots,
  RDSClient,
} from '@aws-sdk/client-rds';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { paginateListSecrets, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { paginateListQueues, SQSClient } from '@aws-sdk/client-sqs';
import type { TestStack } from './test-stack.js';

type Config = { endpoint: string; region: string; credentials: TestStack['engines']['aws']['root'] };

async function pages<T>(paginator: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const page of paginator) found.push(page);
  return found;
}

async function keys(config: Config): Promise<string[]> {
  const client = new KMSClient(config);
  const ids = (await pages(paginateListKeys({ client }, {}))).flatMap(({ Keys = [] }) =>
    Keys.map(({ KeyId }) => KeyId),
  );
  const described = await Promise.all(ids.map(async (KeyId) => await client.send(new DescribeKeyCommand({ KeyId }))));
  const aliases = (await pages(paginateListAliases({ client }, {}))).flatMap(({ Aliases = [] }) => Aliases);
  return [
    ...described
      // AWS keeps a deleted key, unusable, until its window is over.
      .filter(({ KeyMetadata }) => KeyMetadata?.KeyManager !== 'AWS' && KeyMetadata?.KeyState !== 'PendingDeletion')
      .map(({ KeyMetadata }) => `key ${KeyMetadata?.Description}`),
    ...aliases
      .map(({ AliasName = '' }) => AliasName)
      .filter((name) => !name.startsWith('alias/aws/'))
      .map((name) => `key alias ${name}`),
  ];
}

async function databases(config: Config): Promise<string[]> {
  const client = new RDSClient(config);
  const [instances, groups, snapshots] = await Promise.all([
    pages(paginateDescribeDBInstances({ client }, {})),
    pages(paginateDescribeDBParameterGroups({ client }, {})),
    pages(paginateDescribeDBSnapshots({ client }, {})),
  ]);
  return [
    ...instances.flatMap(({ DBInstances = [] }) =>
      DBInstances.map(({ DBInstanceIdentifier }) => `rds instance ${DBInstanceIdentifier}`),
    ),
    ...groups
      .flatMap(({ DBParameterGroups = [] }) =>
        DBParameterGroups.map(({ DBParameterGroupName = '' }) => DBParameterGroupName),
      )
      .filter((name) => !name.startsWith('default.'))
      .map((name) => `rds parameter group ${name}`),
    ...snapshots.flatMap(({ DBSnapshots = [] }) =>
      DBSnapshots.map(({ DBSnapshotIdentifier }) => `rds snapshot ${DBSnapshotIdentifier}`),
    ),
  ];
}

async function access(config: Config): Promise<string[]> {
  const client = new IAMClient(config);
  const roles = (await pages(paginateListRoles({ client }, {}))).flatMap(({ Roles = [] }) => Roles);
  const policies = await pages(paginateListPolicies({ client }, { Scope: 'Local' }));
  return [
    ...roles
      .filter(({ Path }) => !Path?.startsWith('/aws-service-role/'))
      .map(({ RoleName }) => `iam role ${RoleName}`),
    ...policies.flatMap(({ Policies = [] }) => Policies.map(({ PolicyName }) => `iam policy ${PolicyName}`)),
  ];
}

async function watching(config: Config): Promise<string[]> {
  const [alarms, groups] = await Promise.all([
    pages(paginateDescribeAlarms({ client: new CloudWatchClient(config) }, {})),
    pages(paginateDescribeLogGroups({ client: new CloudWatchLogsClient(config) }, {})),
  ]);
  return [
    ...alarms.flatMap(({ MetricAlarms = [] }) => MetricAlarms.map(({ AlarmName }) => `alarm ${AlarmName}`)),
    ...groups.flatMap(({ logGroups = [] }) => logGroups.map(({ logGroupName }) => `log group ${logGroupName}`)),
  ];
}

async function storesAndQueues(config: Config): Promise<string[]> {
  const [buckets, queues, secrets] = await Promise.all([
    new S3Client({ ...config, forcePathStyle: true }).send(new ListBucketsCommand({})),
    pages(paginateListQueues({ client: new SQSClient(config) }, { MaxResults: 1000 })),
    pages(paginateListSecrets({ client: new SecretsManagerClient(config) }, {})),
  ]);
  return [
    ...(buckets.Buckets ?? []).map(({ Name }) => `bucket ${Name}`),
    ...queues.flatMap(({ QueueUrls = [] }) => QueueUrls.map((url) => `queue ${url.split('/').at(-1)}`)),
    ...secrets.flatMap(({ SecretList = [] }) => SecretList.map(({ Name }) => `secret ${Name}`)),
  ];
}

/**
 * All that exists at the AWS API, whoever made it, by kind and name; a key by its description. Asked service by service:
 * the emulator's GetResources knows three of them only.
 */
export async function cloudInventory({ engines: { aws } }: TestStack): Promise<string[]> {
  const config: Config = { endpoint: aws.endpoint, region: aws.region, credentials: aws.root };
  const looks = [keys, databases, access, watching, storesAndQueues];
  return (await Promise.all(looks.map(async (look) => await look(config)))).flat();
}
