import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { createAutomation, type Automation } from '@bulkhead/automation';
import { startLocalCloud, type LocalCloud } from '@bulkhead/automation/testing/local-cloud';
import { physicalNames, stackName, type ProgramRequest } from '@bulkhead/domain';
import type { FleetStack, FleetTenant } from '@bulkhead/domain/fleet';
import { newId } from '@bulkhead/kernel';
import { writeBundle } from '../testing/generated-fleet.js';
import { runDrift } from '../testing/run-preview.js';

// A live AWS emulator; the drift run has an AWS user of its own and neither the state database nor the control plane.

const region = 'us-east-1' as const;
const folder = mkdtempSync(join(tmpdir(), 'bulkhead-drift-test-'));
const bundle = join(folder, 'fleet.jsonl');
const tenantId = newId('tenant');
const [storage, key, queue] = [newId('binding'), newId('binding'), newId('binding')];
let cloud: LocalCloud;
let automation: Automation;
let access: Record<string, string>;

beforeAll(async () => {
  cloud = await startLocalCloud();
  automation = await createAutomation(cloud.config);
  const { endpoint, credentials } = cloud.emulator;
  access = {
    AWS_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const stacks: FleetStack[] = [];
  const up = async (request: ProgramRequest, tenantIds: FleetStack['tenantIds']): Promise<void> => {
    const { state = null } = await automation.run({ request, action: 'up', operationId: newId('operation') });
    stacks.push({ stack: stackName(request), request, tenantIds, state, appliedDigest: null, recordedAt: null });
  };
  await up(
    { program: 'landing-zone', spec: { region, auditBucket: 'bh-audit', logBucket: 'bh-logs', auditLockDays: 1 } },
    [],
  );
  const spec = {
    ...{ stackId: newId('stack'), tenantId, region },
    retention: { backupDays: 7, objectVersionDays: 30, logDays: 90 },
    ...{ storage: { bindingId: storage }, key: { bindingId: key }, queue: { bindingId: queue } },
  };
  await up({ program: 'dedicated-tenant', spec }, [tenantId]);
  const tenant: FleetTenant = {
    id: tenantId,
    slug: 'lakeside',
    region,
    tier: { name: 'dedicated', version: 1 },
    bindings: [],
  };
  await writeBundle(bundle, { tiers: [], tenants: [tenant], stacks });
}, 300_000);
afterAll(async () => {
  await automation.close();
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('what the runs left is no drift, and the sweep knows every resource of it', async () => {
  const { code, stdout, stderr } = await runDrift(['--bundle', bundle, '--inventory', '--expect-no-changes'], access);
  expect([code, stdout, stderr]).toEqual([0, 'Nothing differs.\n', expect.stringContaining('lakeside')]);
}, 200_000);

test('what somebody changed, deleted or left over is found, each as what it is', async () => {
  const { endpoint, credentials } = cloud.emulator;
  const sqs = new SQSClient({ region, endpoint, credentials });
  const names = { bucket: physicalNames(storage).bucket, queue: physicalNames(queue).queue };
  const url = `${endpoint}/000000000000/${names.queue}`;
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { VisibilityTimeout: '77' } }));
  await new S3Client({ region, endpoint, credentials, forcePathStyle: true }).send(
    new DeleteBucketCommand({ Bucket: names.bucket }),
  );
  const tags = {
    'bulkhead:managed-by': 'bulkhead',
    'bulkhead:id': newId('binding'),
    'bulkhead:stack': 'dedicated-tenant.stk_gone',
  };
  await sqs.send(new CreateQueueCommand({ QueueName: 'left-over', tags }));

  const args = ['--bundle', bundle, '--tenant', 'lakeside', '--inventory', '--output', 'json'];
  const { code, stdout } = await runDrift(args, access);
  const { stacks, inventory } = JSON.parse(stdout);
  expect([code, stacks.length]).toEqual([0, 1]);
  const found = stacks[0].findings.map(
    ({ kind, step }: { kind: string; step: { name: string } }) => `${kind} ${step.name}`,
  );
  expect(found).toEqual(expect.arrayContaining(['changed queue-queue', 'gone storage-bucket']));
  const changed = stacks[0].findings.find(({ step }: { step: { name: string } }) => step.name === 'queue-queue');
  expect(changed.step.properties).toContainEqual(
    expect.objectContaining({ path: 'visibilityTimeoutSeconds', after: '77' }),
  );
  expect(inventory).toEqual([
    expect.objectContaining({ kind: 'gone', id: names.bucket }),
    expect.objectContaining({
      kind: 'orphan',
      id: expect.stringContaining('left-over'),
      stack: 'dedicated-tenant.stk_gone',
    }),
  ]);
  expect((await runDrift(['--bundle', bundle, '--expect-no-changes'], access)).code).toBe(2);
}, 300_000);

test('a cloud that cannot be read is an error and never a fleet without drift', async () => {
  const refused = { ...access, AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' };
  const { code } = await runDrift(['--bundle', bundle, '--tenant', 'lakeside'], refused);
  expect(code).toBe(1);
}, 300_000);
