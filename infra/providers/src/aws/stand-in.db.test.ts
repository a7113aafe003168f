import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  ListBucketsCommand,
  PutBucketTaggingCommand,
} from '@aws-sdk/client-s3';
import { ListKeysCommand } from '@aws-sdk/client-kms';
import { startAwsEmulator, type AwsEmulator } from '../testing/aws-emulator.js';
import { PulumiStacks, startProviders, type ProviderProcess } from '../testing/pulumi-stack.js';
import type { FailingProgram } from '../testing/failing-programs.js';
import { AwsClients } from './clients.js';

// Several runs of the CLI in one test, on a machine that may be busy.
jest.setTimeout(180_000);

let emulator: AwsEmulator;
let providers: ProviderProcess;
let stacks: PulumiStacks;
let clients: AwsClients;

beforeAll(async () => {
  emulator = await startAwsEmulator();
  clients = new AwsClients(emulator);
  providers = await startProviders({
    AWS_REGION: emulator.region,
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulator.credentials.secretAccessKey,
  });
  stacks = new PulumiStacks(providers.ports);
});

afterAll(async () => {
  stacks?.remove();
  await providers?.stop();
  await emulator?.stop();
});

const tags = { 'bulkhead:id': 'bnd_stack' };

function storage(name: string, extra: Partial<aws.s3.BucketArgs> = {}) {
  return async () => {
    const key = new aws.kms.Key('key', { description: name, tags });
    const bucket = new aws.s3.Bucket('bucket', { bucket: name, tags, ...extra });
    new aws.s3.BucketPublicAccessBlock('block', { bucket: bucket.bucket, blockPublicAcls: true });
    new aws.s3.BucketPolicy('policy', {
      bucket: bucket.bucket,
      policy: bucket.arn.apply((arn) =>
        JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: [`${arn}/*`],
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        }),
      ),
    });
    new aws.sqs.Queue('queue', { name, kmsMasterKeyId: key.arn, tags });
    return { keyId: key.keyId, bucket: bucket.id };
  };
}

const inventory = async () => ({
  keys: (await clients.kms.send(new ListKeysCommand({}))).Keys?.length,
  buckets: (await clients.s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name),
});

test('a stack of real @pulumi/aws classes lives a whole life: preview, up, no changes, drift, lost state, destroy', async () => {
  const program = storage('bh-life');
  const stack = await stacks.stack('life', program);
  expect((await stack.preview()).changeSummary).toEqual({ create: 6 });
  expect((await inventory()).buckets).toEqual([]);

  const { outputs } = await stack.up();
  const before = await inventory();
  expect((await stack.up()).summary.resourceChanges).toEqual({ same: 6 });
  expect((await stack.previewRefresh()).changeSummary).toEqual({ same: 6 });

  await clients.s3.send(new DeleteBucketPolicyCommand({ Bucket: 'bh-life' }));
  await clients.s3.send(
    new PutBucketTaggingCommand({
      Bucket: 'bh-life',
      Tagging: {
        TagSet: [
          { Key: 'bulkhead:id', Value: 'bnd_stack' },
          { Key: 'rogue', Value: 'yes' },
        ],
      },
    }),
  );
  expect((await stack.previewRefresh()).changeSummary).toEqual({ same: 4, update: 1, delete: 1 });
  expect((await stack.up({ refresh: true })).summary.resourceChanges).toMatchObject({ create: 1, update: 1 });
  expect((await stack.previewRefresh()).changeSummary).toEqual({ same: 6 });

  stacks.forget('life');
  const again = await stacks.stack('life', program);
  const rebuilt = await again.up();
  expect(rebuilt.outputs['keyId']?.value).toBe(outputs['keyId']?.value);
  expect(await inventory()).toEqual(before);

  await again.destroy();
  expect((await inventory()).buckets).toEqual([]);
});

test('a name change shows as a replacement and leaves one bucket', async () => {
  await (await stacks.stack('renamed', storage('bh-old-name'))).up();
  const stack = await stacks.stack('renamed', storage('bh-new-name'));
  expect((await stack.preview()).changeSummary).toMatchObject({ replace: expect.any(Number) });
  await stack.up();
  expect((await inventory()).buckets).toEqual(['bh-new-name']);
  await stack.destroy();
});

const failureOf = async (name: FailingProgram): Promise<string> => {
  const script = fileURLToPath(new URL('../testing/failing-programs.js', import.meta.url));
  const { aws: awsPort, bulkhead } = providers.ports;
  return (await promisify(execFile)(process.execPath, [script, name, String(awsPort), String(bulkhead), stacks.folder]))
    .stdout;
};

test('a foreign bucket of the same name is named and not touched', async () => {
  await clients.s3.send(new CreateBucketCommand({ Bucket: 'bh-foreign' }));
  expect(await failureOf('foreign-bucket')).toMatch(
    /S3 bucket bh-foreign exists already and is not tagged bulkhead:id=bnd_failing/,
  );
  expect((await inventory()).buckets).toEqual(['bh-foreign']);
});

test('what the stand-in does not implement is refused by name', async () => {
  expect(await failureOf('unknown-property')).toMatch(
    /"accelerationStatus" of aws:s3\/bucket:Bucket is not implemented/,
  );
  expect(await failureOf('unknown-type')).toMatch(/aws:sns\/topic:Topic is not implemented/);
  expect(await failureOf('unknown-configuration')).toMatch(
    /configuration "profile" of provider "aws" is not implemented/,
  );
});

test('a resource that was made but not finished is in the state, and the mended program finishes it', async () => {
  expect(await failureOf('half-made')).toMatch(/log group bh-half-made: InvalidParameterException/);
  const mended = await stacks.stack('half-made', async () => {
    const group = new aws.cloudwatch.LogGroup('group', {
      name: 'bh-half-made',
      retentionInDays: 7,
      tags: { 'bulkhead:id': 'bnd_failing' },
    });
    return { days: group.retentionInDays };
  });
  const { resources } = (await mended.exportStack()).deployment as { resources: { type: string; id?: string }[] };
  expect(resources.find(({ type }) => type === 'aws:cloudwatch/logGroup:LogGroup')?.id).toBe('bh-half-made');
  const { outputs, summary } = await mended.up();
  expect(summary.resourceChanges).toMatchObject({ update: 1 });
  expect(outputs['days']?.value).toBe(7);
  await mended.destroy();
});

test('a secret input stays secret in the state, and default tags become tags', async () => {
  const stack = await stacks.stack('secret', async () => {
    const provider = new aws.Provider('tagged', { region: 'us-east-1', defaultTags: { tags } });
    const queue = new aws.sqs.Queue(
      'queue',
      { name: 'bh-secret', tags: pulumi.secret({ canary: 'canary-value' }) },
      { provider },
    );
    return { tags: queue.tagsAll };
  });
  const { outputs } = await stack.up();
  expect(outputs['tags']).toEqual({ value: { ...tags, canary: 'canary-value' }, secret: true });
  await stack.destroy();
});

test('the providers end when their parent closes the pipe', async () => {
  const other = await startProviders({ AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: emulator.endpoint });
  const ended = new Promise((resolve) => other.child.once('exit', resolve));
  other.child.stdin?.end();
  expect(await ended).toBe(0);
});
