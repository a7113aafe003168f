import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import pg from 'pg';
import type { BindingView } from './api-client.js';
import type { AwsEmulator } from './aws-emulator.js';

/** What an ordinary client saw of a layer, or why it saw nothing. */
export interface Look {
  readonly layer: string;
  readonly ok: boolean;
  readonly seen: string;
}

interface ServingLogin {
  readonly username: string;
  readonly password: string;
}

function need(outputs: BindingView['outputs'], name: string): string {
  const value = outputs[name];
  if (value === undefined) throw new Error(`the placement names no ${name}`);
  return String(value);
}

type Config = { endpoint: string; region: string; credentials: AwsEmulator['provisioner'] };

// The serving login is the one that the tenant's application would use.
async function lookAtDatabase(config: Config, { outputs }: BindingView): Promise<string> {
  const secrets = new SecretsManagerClient(config);
  const { SecretString } = await secrets.send(
    new GetSecretValueCommand({ SecretId: need(outputs, 'servingSecretArn') }),
  );
  const { username, password } = JSON.parse(SecretString ?? '{}') as ServingLogin;
  const database = need(outputs, 'database');
  const client = new pg.Client({
    host: need(outputs, 'host'),
    port: Number(need(outputs, 'port')),
    user: username,
    password,
    database,
  });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string; tables: number }>(
      `SELECT current_setting('server_version') AS version,
              (SELECT count(*)::int FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')) AS tables`,
    );
    return `Postgres ${rows[0]?.version} answers ${username}, ${rows[0]?.tables} tables`;
  } finally {
    await client.end();
  }
}

async function lookAtBucket(config: Config, { outputs }: BindingView): Promise<string> {
  const bucket = need(outputs, 'bucket');
  await new S3Client({ ...config, forcePathStyle: true }).send(new HeadBucketCommand({ Bucket: bucket }));
  return `bucket ${bucket} answers`;
}

async function lookAtKey(config: Config, { outputs }: BindingView): Promise<string> {
  const { KeyMetadata } = await new KMSClient(config).send(new DescribeKeyCommand({ KeyId: need(outputs, 'keyArn') }));
  if (KeyMetadata?.KeyState !== 'Enabled') throw new Error(`the key is ${KeyMetadata?.KeyState}`);
  return `key ${KeyMetadata.KeyId} is enabled`;
}

async function lookAtQueue(config: Config, { outputs }: BindingView): Promise<string> {
  const command = new GetQueueAttributesCommand({ QueueUrl: need(outputs, 'queueUrl'), AttributeNames: ['QueueArn'] });
  const { Attributes } = await new SQSClient(config).send(command);
  if (!Attributes?.QueueArn) throw new Error('the queue has no ARN');
  return `queue ${Attributes.QueueArn} answers`;
}

const LOOKS: Readonly<Record<string, (config: Config, binding: BindingView) => Promise<string>>> = {
  database: lookAtDatabase,
  storage: lookAtBucket,
  key: lookAtKey,
  queue: lookAtQueue,
};

/** Looks at every layer of a placement with the clients that anybody would use: Postgres, S3, KMS and SQS. */
export async function lookWithOrdinaryClients(aws: AwsEmulator, bindings: readonly BindingView[]): Promise<Look[]> {
  const config: Config = { endpoint: aws.endpoint, region: aws.region, credentials: aws.provisioner };
  return await Promise.all(
    bindings.map(async (binding): Promise<Look> => {
      const { layer } = binding;
      try {
        const look = LOOKS[layer];
        if (!look) throw new Error('no client is known for this layer');
        return { layer, ok: true, seen: await look(config, binding) };
      } catch (error) {
        return { layer, ok: false, seen: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}
