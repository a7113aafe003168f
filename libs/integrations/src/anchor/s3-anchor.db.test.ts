import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startAwsEmulator, type AwsEmulator } from '../testing/aws-emulator.js';
import { createS3Anchor } from './s3-anchor.js';

const BUCKET = 'audit-anchor';
const UNLOCKED = 'no-lock';
const ACTIONS = ['s3:PutObject', 's3:PutObjectRetention', 's3:GetObject', 's3:GetObjectRetention'];
const DAYS = 30;

let emulator: AwsEmulator;
let root: S3Client;
let client: S3Client;
const clientOf = (credentials: AwsEmulator['root']) =>
  new S3Client({
    endpoint: emulator.endpoint,
    region: emulator.region,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });

beforeAll(async () => {
  emulator = await startAwsEmulator();
  root = clientOf(emulator.root);
  await root.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
  await root.send(new CreateBucketCommand({ Bucket: UNLOCKED }));
  client = clientOf(await createUser('worker', ACTIONS));
});
afterAll(() => emulator.stop());

/** An IAM user that may do these things with objects of both buckets, and nothing else. */
async function createUser(name: string, actions: readonly string[]): Promise<AwsEmulator['root']> {
  const iam = new IAMClient({ endpoint: emulator.endpoint, region: emulator.region, credentials: emulator.root });
  await iam.send(new CreateUserCommand({ UserName: name }));
  const resources = [BUCKET, UNLOCKED].map((bucket) => `arn:aws:s3:::${bucket}/*`);
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: resources }] };
  const document = JSON.stringify(policy);
  await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'anchor', PolicyDocument: document }));
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  return { accessKeyId: key?.AccessKeyId ?? '', secretAccessKey: key?.SecretAccessKey ?? '' };
}

const anchorIn = (bucket: string) => createS3Anchor({ client, bucket, retentionDays: DAYS });
const bytes = (text: string) => Buffer.from(text);

describe('the S3 anchor', () => {
  it('keeps the bytes under a lock that nobody can lift', async () => {
    const ref = await anchorIn(BUCKET).put('log/checkpoints/1', bytes('checkpoint one'));
    const head = await root.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'log/checkpoints/1' }));
    expect(head.ObjectLockMode).toBe('COMPLIANCE');
    const days = ((head.ObjectLockRetainUntilDate?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(DAYS - 0.1);
    expect(days).toBeLessThan(DAYS + 0.1);
    expect(ref).toBe(`s3://${BUCKET}/log/checkpoints/1?versionId=${head.VersionId}`);
    const deletion = { Bucket: BUCKET, Key: 'log/checkpoints/1', VersionId: head.VersionId };
    await expect(root.send(new DeleteObjectCommand(deletion))).rejects.toMatchObject({ name: 'AccessDenied' });
    const { Body } = await root.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'log/checkpoints/1' }));
    expect(await Body?.transformToString()).toBe('checkpoint one');
  });

  it('takes the same bytes again without a second copy, also at the same moment', async () => {
    const anchor = anchorIn(BUCKET);
    const refs = await Promise.all(Array.from({ length: 5 }, () => anchor.put('log/checkpoints/2', bytes('two'))));
    expect(new Set([...refs, await anchor.put('log/checkpoints/2', bytes('two'))]).size).toBe(1);
    const { Versions } = await root.send(
      new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: 'log/checkpoints/2' }),
    );
    expect(Versions).toHaveLength(1);
  });

  it('refuses other bytes under a name that is taken', async () => {
    const anchor = anchorIn(BUCKET);
    await anchor.put('log/checkpoints/3', bytes('three'));
    await expect(anchor.put('log/checkpoints/3', bytes('forged'))).rejects.toMatchObject({
      code: 'audit_anchor_conflict',
    });
    const { Body } = await root.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'log/checkpoints/3' }));
    expect(await Body?.transformToString()).toBe('three');
  });

  it('refuses a bucket without Object Lock, and an object that somebody put there without one', async () => {
    await expect(anchorIn(UNLOCKED).put('log/checkpoints/4', bytes('four'))).rejects.toMatchObject({
      code: 'audit_anchor_unlocked',
    });
    await root.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'log/checkpoints/4', Body: 'four' }));
    await expect(anchorIn(BUCKET).put('log/checkpoints/4', bytes('four'))).rejects.toMatchObject({
      code: 'audit_anchor_unlocked',
    });
  });

  it('fails without the right to write, and when it is told to stop', async () => {
    const stranger = clientOf(await createUser('stranger', ['s3:GetObject']));
    const anchor = createS3Anchor({ client: stranger, bucket: BUCKET, retentionDays: DAYS });
    await expect(anchor.put('log/checkpoints/5', bytes('five'))).rejects.toMatchObject({ name: 'AccessDenied' });
    const stopped = anchorIn(BUCKET).put('log/checkpoints/5', bytes('five'), AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    await expect(root.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'log/checkpoints/5' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });
});
