import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { ISOLATIONS } from '@bulkhead/domain';
import { waitFor } from '@bulkhead/kernel';
import { storageOf, TenancyStage, type StagedTenant, type TenancyService } from './tenancy-stage.js';

let stage: TenancyStage;
let service: TenancyService;
const tenants: Record<string, StagedTenant> = {};

beforeAll(async () => {
  stage = await TenancyStage.start();
  for (const isolation of ISOLATIONS) {
    tenants[`${isolation} a`] = await stage.tenant(isolation);
    tenants[`${isolation} b`] = await stage.tenant(isolation);
  }
  service = await stage.service();
}, 300_000);
afterAll(() => stage?.stop());

const tenant = (name: string): StagedTenant => tenants[name] as StagedTenant;

describe.each(ISOLATIONS)('storage of a %s tenant', (isolation) => {
  const a = () => tenant(`${isolation} a`);
  const b = () => tenant(`${isolation} b`);

  it('keeps an object under the name that it was given, encrypted with the right key', async () => {
    const { storage } = service;
    await storage.put(a().context, 'scans/one.txt', 'first', { contentType: 'text/plain', metadata: { by: 'nurse' } });
    const found = await storage.get(a().context, 'scans/one.txt');
    expect(found).toMatchObject({ contentType: 'text/plain', size: 5, metadata: { by: 'nurse' } });
    expect((await found.bytes()).toString()).toBe('first');
    const { bucket, prefix } = storageOf(a());
    const head = await stage.engines.clients.s3.send(
      new HeadObjectCommand({ Bucket: bucket, Key: `${prefix}scans/one.txt` }),
    );
    const { dedicated, cell } = a().placed;
    expect(head.ServerSideEncryption).toBe('aws:kms');
    expect(head.SSEKMSKeyId).toBe(dedicated.key?.keyArn ?? cell?.outputs.keyArn);
  });

  it('lists its own objects in pages, without their prefix, and deletes them', async () => {
    const { storage } = service;
    for (const name of ['l/1', 'l/2', 'l/3']) await storage.put(a().context, name, name);
    await storage.put(b().context, 'l/9', 'of b');
    const first = await storage.list(a().context, { prefix: 'l/', limit: 2 });
    expect(first.objects.map(({ key }) => key)).toEqual(['l/1', 'l/2']);
    const rest = await storage.list(a().context, { prefix: 'l/', limit: 2, after: String(first.next) });
    expect(rest).toMatchObject({ objects: [{ key: 'l/3', size: 3 }], next: undefined });
    await storage.delete(a().context, 'l/1');
    await storage.delete(a().context, 'l/1');
    await expect(storage.get(a().context, 'l/1')).rejects.toMatchObject({ code: 'object_not_found', status: 404 });
    expect((await (await storage.get(b().context, 'l/9')).bytes()).toString()).toBe('of b');
  });

  it('signs URLs for one object each', async () => {
    const { storage } = service;
    await storage.put(a().context, 'u/mine', 'mine');
    await storage.put(b().context, 'u/theirs', 'theirs');
    const url = await storage.url(a().context, 'u/mine', { contentType: 'text/html' });
    expect(await (await fetch(url)).text()).toBe('mine');
    const [ours, theirs] = [storageOf(a()), storageOf(b())];
    const turned = url.replace(`${ours.bucket}/${ours.prefix}u/mine`, `${theirs.bucket}/${theirs.prefix}u/theirs`);
    expect(turned).not.toBe(url);
    expect((await fetch(turned)).status).toBe(403);
    const upload = await storage.url(a().context, 'u/new', { method: 'PUT' });
    const headers = await storage.uploadHeaders(a().context);
    const otherKey = { ...headers, 'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:us-east-1:1:key/other' };
    expect((await fetch(upload, { method: 'PUT', body: 'new', headers: otherKey })).status).toBe(403);
    expect((await fetch(upload, { method: 'PUT', body: 'new' })).status).toBe(403);
    expect((await fetch(upload, { method: 'PUT', body: 'new', headers })).status).toBe(200);
    expect((await (await storage.get(a().context, 'u/new')).bytes()).toString()).toBe('new');
  });
});

const PAIRS = ISOLATIONS.flatMap((mine) => ISOLATIONS.map((theirs) => [mine, theirs] as const));

describe.each(PAIRS)("a %s tenant's credentials, used with the SDK itself, against a %s tenant", (mine, theirs) => {
  let s3: S3Client;
  let own: { bucket: string; prefix: string };
  let other: { bucket: string; prefix: string };

  beforeAll(async () => {
    await service.storage.put(tenant(`${theirs} b`).context, 'target', 'PHI of b');
    const credentials = await service.storage.credentials(tenant(`${mine} a`).context);
    s3 = new S3Client({ ...stage.cloud, credentials: { ...credentials }, forcePathStyle: true });
    own = storageOf(tenant(`${mine} a`));
    other = storageOf(tenant(`${theirs} b`));
  });
  afterAll(() => s3?.destroy());

  /** What the store answered to each request; 200 when it did what was asked. */
  const answers = async (...requests: Promise<unknown>[]): Promise<(number | undefined)[]> =>
    Promise.all(
      requests.map((request) =>
        request.then(
          () => 200,
          (error: { $metadata?: { httpStatusCode?: number } }) => error.$metadata?.httpStatusCode,
        ),
      ),
    );

  it('work on their own objects', async () => {
    const where = { Bucket: own.bucket, Key: `${own.prefix}direct` };
    await s3.send(new PutObjectCommand({ ...where, Body: 'x' }));
    const list = s3.send(new ListObjectsV2Command({ Bucket: own.bucket, Prefix: own.prefix }));
    expect(await answers(s3.send(new GetObjectCommand(where)), list)).toEqual([200, 200]);
    expect(await answers(s3.send(new DeleteObjectCommand(where)))).toEqual([200]);
  });

  it('neither read nor write, delete or copy theirs', async () => {
    const target = { Bucket: other.bucket, Key: `${other.prefix}target` };
    await service.storage.put(tenant(`${mine} a`).context, 'loot', 'x');
    const CopySource = `${target.Bucket}/${target.Key}`;
    const loot = `${own.bucket}/${own.prefix}loot`;
    const done = await answers(
      s3.send(new GetObjectCommand(target)),
      s3.send(new HeadObjectCommand(target)),
      s3.send(new PutObjectCommand({ ...target, Body: 'overwritten' })),
      s3.send(new DeleteObjectCommand(target)),
      s3.send(new CopyObjectCommand({ Bucket: own.bucket, Key: `${own.prefix}stolen`, CopySource })),
      s3.send(new CopyObjectCommand({ ...target, CopySource: loot })),
    );
    expect(done).toEqual(Array(6).fill(403));
    const kept = await service.storage.get(tenant(`${theirs} b`).context, 'target');
    expect((await kept.bytes()).toString()).toBe('PHI of b');
  });

  it('list neither theirs nor what is above their own', async () => {
    const { bucket: Bucket, prefix: Prefix } = other;
    const done = await answers(
      s3.send(new ListObjectsV2Command({ Bucket, Prefix })),
      s3.send(new ListObjectsV2Command({ Bucket })),
      s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'b/' })),
      s3.send(new ListObjectVersionsCommand({ Bucket, Prefix })),
      s3.send(new ListBucketsCommand({})),
    );
    expect(done).toEqual(Array(5).fill(403));
  });
});

it('the workload itself reaches no object, and takes no role without naming its cell or stack', async () => {
  const { bucket, prefix } = storageOf(tenant('shared a'));
  const s3 = new S3Client({ ...stage.cloud, credentials: { ...stage.workload }, forcePathStyle: true });
  const get = s3.send(new GetObjectCommand({ Bucket: bucket, Key: `${prefix}target` }));
  await expect(get).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  const sts = new STSClient({ ...stage.cloud, credentials: { ...stage.workload } });
  const { place } = await service.layers.find(tenant('shared a').context, 'storage');
  const take = { RoleArn: place.access.roleArn, RoleSessionName: 'x' };
  await expect(sts.send(new AssumeRoleCommand(take))).rejects.toMatchObject({ name: 'AccessDenied' });
  const other = { ...take, ExternalId: 'cel_other' };
  await expect(sts.send(new AssumeRoleCommand(other))).rejects.toMatchObject({ name: 'AccessDenied' });
  s3.destroy();
  sts.destroy();
});

it('the sessions are taken once for each tenant, not for each request', async () => {
  const { storage } = await stage.service();
  const { context } = tenant('shared a');
  const [one, two] = await Promise.all([storage.credentials(context), storage.credentials(context)]);
  await storage.put(context, 'again', 'x');
  const three = await storage.credentials(context);
  expect([two.accessKeyId, three.accessKeyId]).toEqual([one.accessKeyId, one.accessKeyId]);
  const other = await storage.credentials(tenant('shared b').context);
  expect(other.accessKeyId).not.toBe(one.accessKeyId);
});

it('a suspended tenant is refused before anything is asked, though its session is still good', async () => {
  const suspended = await stage.tenant('shared');
  const { storage, table } = await stage.service();
  await storage.put(suspended.context, 'one', 'x');
  const { home } = table.resolve(suspended.placed.tenantId);
  stage.routes.set(suspended.placed.tenantId, home, 3, 'suspended');
  stage.routes.announce();
  const refusal = await waitFor('the suspension', async () =>
    storage.get(suspended.context, 'one').then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  expect(refusal).toMatchObject({ code: 'tenant_suspended', status: 403 });
});
