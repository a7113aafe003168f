import { DeleteRolePolicyCommand, GetRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { physicalNames } from '@bulkhead/domain';
import { newId, waitFor, type BindingId } from '@bulkhead/kernel';
import { DriftStage } from './drift-stage.js';

// What somebody did by hand on a live AWS emulator is found, and mended by change request, by the real engines.

let stage: DriftStage;
beforeAll(async () => {
  stage = await DriftStage.start();
}, 400_000);
afterAll(() => stage.stop());

const tags = (owner: string) => ({
  'bulkhead:managed-by': 'bulkhead',
  'bulkhead:id': owner,
  'bulkhead:stack': 'dedicated-tenant.stk_gone',
});
const names = (layer: string) => physicalNames(stage.bindings.get(layer) as BindingId);
const queueUrl = (name: string) => `${stage.cloud.emulator.endpoint}/000000000000/${name}`;
const setVisibility = (VisibilityTimeout: string) =>
  stage.clients.sqs.send(
    new SetQueueAttributesCommand({ QueueUrl: queueUrl(names('queue').queue), Attributes: { VisibilityTimeout } }),
  );
async function visibility(): Promise<string | undefined> {
  const asked = { QueueUrl: queueUrl(names('queue').queue), AttributeNames: ['VisibilityTimeout' as const] };
  return (await stage.clients.sqs.send(new GetQueueAttributesCommand(asked))).Attributes?.['VisibilityTimeout'];
}
const role = () => ({ RoleName: `bh-${stage.stack.split('_')[1]}`, PolicyName: 'own-resources' });
const found = async () =>
  (await stage.findings()).map(({ kind, name }) => `${kind} ${name.split('/').at(-1)}`).toSorted();

test('what the runs left is no drift, and every resource of it is owned', async () => {
  const run = await stage.compare();
  expect(run.stacks.map(({ outcome, findings }: { outcome: string; findings: number }) => [outcome, findings])).toEqual(
    [
      ['compared', 0],
      ['compared', 0],
    ],
  );
  expect([run.orphans, await stage.findings()]).toEqual([0, []]);
}, 300_000);

test('what was changed, deleted and left over by hand is found, each as what it is, and once', async () => {
  await setVisibility('77');
  await stage.clients.iam.send(new DeleteRolePolicyCommand(role()));
  await stage.clients.s3.send(new DeleteBucketCommand({ Bucket: names('storage').bucket }));
  await stage.clients.sqs.send(new CreateQueueCommand({ QueueName: 'left-over', tags: tags(newId('binding')) }));
  await stage.clients.sqs.send(
    new CreateQueueCommand({ QueueName: 'copied', tags: tags(stage.bindings.get('queue') ?? '') }),
  );
  const run = await stage.compare();
  expect(run).toMatchObject({ state: 'finished', orphans: 2 });
  expect(await found()).toEqual(
    expect.arrayContaining([
      'changed queue-queue',
      'gone storage-bucket',
      'gone workload-role-policy',
      'orphan copied',
      'orphan left-over',
    ]),
  );
  expect(await stage.finding('queue-queue')).toMatchObject({
    ...{ tenantId: stage.tenantId, layer: 'queue', stateful: true, upshot: 'update' },
    properties: [{ path: 'visibilityTimeoutSeconds', before: '30', after: '77' }],
  });
  const first = (await stage.findings()).map(({ id }): string => id).toSorted();
  await stage.compare();
  expect((await stage.findings('')).map(({ id }): string => id).toSorted()).toEqual(first);
}, 300_000);

test('a repair puts the recorded value back, and a try whose answer was lost is not made twice', async () => {
  const { id } = await stage.finding('queue-queue');
  expect((await stage.ask('adopt', id)).body.errorCode).toBe('adoption_undone');
  const call = await stage.applying('repair', id);
  expect(await stage.activities.remedyDrift(call)).toEqual({});
  expect(await visibility()).toBe('30');
  expect((await stage.get(`/v1/drift-findings/${id}`)).body).toMatchObject({ resolution: 'repaired' });
  await setVisibility('66');
  expect(await stage.activities.remedyDrift(call)).toEqual({});
  expect(await visibility()).toBe('66');
  await stage.api.finish(call.operationId);
}, 300_000);

test('what moved between approval and work is left alone', async () => {
  await stage.compare();
  const { id } = await stage.finding('queue-queue');
  const call = await stage.applying('repair', id);
  await setVisibility('55');
  expect(await stage.activities.remedyDrift(call)).toMatchObject({ refused: { code: 'finding_moved' } });
  expect(await visibility()).toBe('55');
  await stage.api.finish(call.operationId);
}, 300_000);

test('what is gone is made again only if it held no data', async () => {
  const bucket = await stage.finding('storage-bucket');
  expect((await stage.ask('repair', bucket.id)).body.errorCode).toBe('state_is_gone');
  const { id } = await stage.finding('workload-role-policy');
  const call = await stage.applying('repair', id);
  expect(await stage.activities.remedyDrift(call)).toEqual({});
  await stage.api.finish(call.operationId);
  const { PolicyDocument } = await stage.clients.iam.send(new GetRolePolicyCommand(role()));
  expect(decodeURIComponent(PolicyDocument ?? '')).toContain('UseQueue');
}, 300_000);

test('an orphan is deleted by two people; one whose tags name what is in use, by nobody', async () => {
  const copied = await stage.finding('copied');
  expect((await stage.ask('repair', copied.id)).body.errorCode).toBe('orphan_in_use');
  const { id } = await stage.finding('left-over');
  const asked = await stage.ask('repair', id);
  expect(asked.body).toMatchObject({ approvalsNeeded: 2, remedy: { action: 'delete', destructive: true } });
  await stage.post(`/v1/change-requests/${asked.body.id}/cancel`, {});
  const call = await stage.applying('repair', id);
  expect(await stage.activities.remedyDrift(call)).toEqual({});
  await stage.api.finish(call.operationId);
  await expect(stage.clients.sqs.send(new GetQueueUrlCommand({ QueueName: 'left-over' }))).rejects.toMatchObject({
    name: expect.stringContaining('QueueDoesNotExist'),
  });
  expect(await stage.clients.sqs.send(new GetQueueUrlCommand({ QueueName: 'copied' }))).toBeDefined();
}, 300_000);

test('a bucket that is not empty is not deleted, whoever approved', async () => {
  const Bucket = 'left-over-with-data';
  const TagSet = Object.entries(tags(newId('binding'))).map(([Key, Value]) => ({ Key, Value }));
  await stage.clients.s3.send(new CreateBucketCommand({ Bucket }));
  await stage.clients.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  await stage.clients.s3.send(new PutObjectCommand({ Bucket, Key: 'scan.dcm', Body: 'x' }));
  await stage.compare();
  const call = await stage.applying('repair', (await stage.finding(Bucket)).id);
  expect(await stage.activities.remedyDrift(call)).toMatchObject({ refused: { code: 'resource_protected' } });
  await stage.api.finish(call.operationId);
}, 300_000);

test('a stack that a run is working on is skipped and says so, and its findings stay', async () => {
  const before = await found();
  const fleet = (await stage.get('/v1/fleet/stacks')).body.data;
  const { request } = fleet.find(({ stack }: { stack: string }) => stack === stage.stack);
  const operationId = newId('operation');
  const running = stage.automation.run({ request, action: 'up', operationId }).catch(() => undefined);
  await waitFor('the run to hold the stack', async () => (await stage.automation.heldBy(stage.stack)) !== undefined);
  const run = await stage.compare();
  await running;
  expect(run.stacks).toContainEqual({
    ...{ stack: stage.stack, outcome: 'skipped', findings: 0 },
    why: `${operationId} is working on it`,
  });
  expect(await found()).toEqual(before);
}, 300_000);
