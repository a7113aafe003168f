import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { DescribeKeyCommand, KMSClient, ListAliasesCommand, ListKeysCommand } from '@aws-sdk/client-kms';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { AwsEmulator } from '@bulkhead/providers/testing/aws-emulator';

/** What exists in the cloud, whoever made it, by kind and name; keys by their description. */
export async function cloudInventory(emulator: AwsEmulator): Promise<readonly string[]> {
  const { endpoint, region, credentials } = emulator;
  const options = { endpoint, region, credentials };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const kms = new KMSClient(options);
  const [buckets, queues, keys, aliases, secrets, roles] = await Promise.all([
    s3.send(new ListBucketsCommand({})),
    new SQSClient(options).send(new ListQueuesCommand({ MaxResults: 1000 })),
    kms.send(new ListKeysCommand({})),
    kms.send(new ListAliasesCommand({})),
    new SecretsManagerClient(options).send(new ListSecretsCommand({})),
    new IAMClient(options).send(new ListRolesCommand({})),
  ]);
  const found = await Promise.all(
    (keys.Keys ?? []).map((key) => kms.send(new DescribeKeyCommand({ KeyId: key.KeyId }))),
  );
  const usable = found.filter(({ KeyMetadata }) => KeyMetadata?.KeyState === 'Enabled');
  return [
    ...(buckets.Buckets ?? []).map(({ Name }) => `bucket ${Name}`),
    ...(queues.QueueUrls ?? []).map((url) => `queue ${url.split('/').at(-1)}`),
    ...usable.map(({ KeyMetadata }) => `key ${KeyMetadata?.Description}`),
    ...(aliases.Aliases ?? []).map(({ AliasName }) => AliasName ?? '').filter((name) => !name.startsWith('alias/aws/')),
    ...(secrets.SecretList ?? []).map(({ Name }) => `secret ${Name}`),
    ...(roles.Roles ?? []).map(({ RoleName }) => `role ${RoleName}`),
  ].toSorted();
}
