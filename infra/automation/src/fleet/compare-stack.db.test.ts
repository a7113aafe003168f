import { DeleteRolePolicyCommand, GetRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { physicalNames, stackName, type ProgramRequest } from '@bulkhead/domain';
import { idHex, newId, waitFor } from '@bulkhead/kernel';
import { createAutomation, type Automation } from '../automation.js';
import { startLocalCloud, type LocalCloud } from '../testing/local-cloud.js';

// A live AWS emulator, state in Postgres, both providers.

const region = 'us-east-1' as const;
const [storage, queue] = [newId('binding'), newId('binding')];
const retention = { backupDays: 7, objectVersionDays: 30, logDays: 90 };
const stackId = newId('stack');
const request: Extract<ProgramRequest, { program: 'dedicated-tenant' }> = {
  program: 'dedicated-tenant',
  spec: {
    ...{ stackId, tenantId: newId('tenant'), region },
    ...{
      retention,
      storage: { bindingId: storage },
      key: { bindingId: newId('binding') },
      queue: { bindingId: queue },
    },
  },
};
let cloud: LocalCloud;
let automation: Automation;
let sqs: SQSClient;
let url: string;

beforeAll(async () => {
  cloud = await startLocalCloud();
  automation = await createAutomation(cloud.config);
  const { endpoint, credentials } = cloud.emulator;
  sqs = new SQSClient({ region, endpoint, credentials });
  url = `${endpoint}/000000000000/${physicalNames(queue).queue}`;
  const zone = { region, auditBucket: 'bh-audit', logBucket: 'bh-logs', auditLockDays: 1 };
  await run({ program: 'landing-zone', spec: zone }, 'up');
  await run(request, 'up');
}, 300_000);
afterAll(async () => {
  await automation.close();
  await cloud.stop();
});

const run = (wanted: ProgramRequest, action: 'up' | 'repair' | 'adopt', targets?: readonly string[]) =>
  automation.run({ request: wanted, action, operationId: newId('operation'), ...(targets && { targets }) });
const set = (Attributes: Record<string, string>) =>
  sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
const visibility = async () => {
  const asked = { QueueUrl: url, AttributeNames: ['VisibilityTimeout' as const] };
  return (await sqs.send(new GetQueueAttributesCommand(asked))).Attributes?.['VisibilityTimeout'];
};
const compared = async (known: readonly string[] = []) => {
  const drift = await automation.compare(request, known);
  if (drift.outcome !== 'compared') throw new Error(JSON.stringify(drift));
  const [first] = drift.steps;
  return { ...drift, urn: first?.urn ?? '', found: drift.steps.map(({ kind, name }) => `${kind} ${name}`) };
};

test('what the run left is no drift', async () => {
  expect(await compared()).toMatchObject({ steps: [], upshots: {} });
}, 60_000);

test('what was changed is found with its values, and a repair of it alone puts it back', async () => {
  await set({ VisibilityTimeout: '77' });
  const { found, urn, steps, upshots } = await compared();
  expect(found).toEqual(['changed queue-queue']);
  expect(steps[0]?.properties).toEqual([
    { path: 'visibilityTimeoutSeconds', before: '30', after: '77', replaces: false },
  ]);
  expect(upshots).toEqual({ [urn]: 'update' });
  await run(request, 'repair', [urn]);
  expect(await visibility()).toBe('30');
  expect(await compared([urn])).toMatchObject({ steps: [], upshots: {} });
}, 120_000);

test('once the state believes the cloud, only the second question still shows that the template says otherwise', async () => {
  await set({ VisibilityTimeout: '55' });
  const { urn } = await compared();
  await run(request, 'adopt', [urn]);
  expect(await compared()).toMatchObject({ steps: [], upshots: {} });
  expect(await compared([urn])).toMatchObject({ steps: [], upshots: { [urn]: 'update' } });
  await run(request, 'repair', [urn]);
  expect(await visibility()).toBe('30');
}, 120_000);

test('what the specification meanwhile says too can be adopted: no run would undo it', async () => {
  const { endpoint, credentials } = cloud.emulator;
  const s3 = new S3Client({ region, endpoint, credentials, forcePathStyle: true });
  const Bucket = physicalNames(storage).bucket;
  const { Rules = [] } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  const longer = Rules.map((rule) => ({
    ...rule,
    ...(rule.NoncurrentVersionExpiration && { NoncurrentVersionExpiration: { NoncurrentDays: 60 } }),
  }));
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: longer } }));
  const { found, urn, upshots } = await compared();
  expect([found, upshots]).toEqual([['changed storage-lifecycle'], { [urn]: 'update' }]);
  const now: ProgramRequest = {
    ...request,
    spec: { ...request.spec, retention: { ...retention, objectVersionDays: 60 } },
  };
  expect(await automation.compare(now, [])).toMatchObject({ outcome: 'compared', steps: [{ urn }], upshots: {} });
  await run(now, 'adopt', [urn]);
  expect(await automation.compare(now, [urn])).toMatchObject({ outcome: 'compared', steps: [], upshots: {} });
}, 120_000);

test('what was deleted is found as gone, and a repair makes it again', async () => {
  const { endpoint, credentials } = cloud.emulator;
  const iam = new IAMClient({ region, endpoint, credentials });
  const RoleName = `bh-${idHex(stackId)}`;
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'own-resources' }));
  const { found, urn, upshots } = await compared();
  expect([found, upshots[urn]]).toEqual([['gone workload-role-policy'], 'create']);
  await run(request, 'repair', [urn]);
  const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'own-resources' }));
  expect(decodeURIComponent(PolicyDocument ?? '')).toContain('UseQueue');
  expect((await compared([urn])).found).toEqual([]);
}, 120_000);

test('of a stack that a run is working on nothing is said', async () => {
  const running = run(request, 'up');
  await waitFor('the run to hold the stack', async () => (await automation.heldBy(stackName(request))) !== undefined);
  expect(await automation.compare(request, [])).toMatchObject({
    outcome: 'skipped',
    why: expect.stringMatching(/^op_\w+ is working on it$/),
  });
  await running;
  const unknown = { program: 'dedicated-tenant', spec: { ...request.spec, stackId: newId('stack') } } as ProgramRequest;
  expect(await automation.compare(unknown, [])).toEqual({ outcome: 'missing' });
}, 120_000);
