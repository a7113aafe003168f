import type { CellOutputs, CellSpec, LandingZoneSpec } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { WORKFLOW_OF, WORKFLOW_QUEUE, type OperationCall, type OperationKind } from '../contract.js';
import { FakeWorkers, IMPATIENT, lasting, onboarding, planFor, POOLED, startTestTemporal } from '../testing/index.js';

let temporal: TestWorkflowEnvironment;
let workers: FakeWorkers;

beforeAll(async () => {
  temporal = await startTestTemporal();
  workers = await FakeWorkers.start(temporal);
});
afterAll(async () => {
  await workers?.stop();
  await temporal?.teardown();
});
const plan = planFor(onboarding(POOLED));
beforeEach(() => workers.reset(plan));

const outputs = plan.shared?.cell as CellOutputs;
const cellId = newId('cell');
const retention = { backupDays: 7, objectVersionDays: 30, logDays: 90 };
const cell: CellSpec = { cellId, region: 'us-east-1', retention, databaseClass: 'db.m7g.large', databaseGb: 100 };
const zone: LandingZoneSpec = { region: 'us-east-1', auditBucket: 'audit', logBucket: 'logs', auditLockDays: 1 };

async function run<K extends OperationKind>(kind: K, input: OperationCall<K>['input']): Promise<unknown> {
  const call = { operationId: newId('operation'), input, patience: { ...IMPATIENT, attentionMs: 50 } };
  return temporal.client.workflow.execute(WORKFLOW_OF[kind], {
    taskQueue: WORKFLOW_QUEUE,
    workflowId: call.operationId,
    args: [call],
  });
}

it('a cell that stands is recorded with its outputs', async () => {
  workers.on('standUpCell', () => outputs);
  await run('cell.create', { cellId, spec: cell });
  expect(workers.order).toEqual(['standUpCell', 'recordCell']);
  expect(workers.named('recordCell')[0]?.argument).toEqual({ cellId, outputs });
  expect(workers.reports).toEqual(['running', 'succeeded']);
});

it('a cell that nobody could mend is taken down and recorded as failed', async () => {
  workers.on('standUpCell', () => {
    throw lasting();
  });
  await expect(run('cell.create', { cellId, spec: cell })).rejects.toMatchObject({
    cause: { type: 'provider_failed' },
  });
  expect(workers.order).toEqual(['standUpCell', 'discardCell', 'recordCell']);
  expect(workers.named('recordCell')[0]?.argument.outputs).toBeNull();
  expect(workers.reports.at(-1)).toBe('failed');
});

it('a landing zone is applied and recorded', async () => {
  await run('landing_zone.apply', { spec: zone });
  expect(workers.named('recordLandingZone')[0]?.argument).toEqual({ region: 'us-east-1', active: true });
});

it('a landing zone that cannot be applied is recorded as failed, and nothing of it is taken down', async () => {
  workers.on('applyLandingZone', () => {
    throw lasting();
  });
  await expect(run('landing_zone.apply', { spec: zone })).rejects.toMatchObject({ cause: { type: 'provider_failed' } });
  expect(workers.order).toEqual(['applyLandingZone', 'recordLandingZone']);
  expect(workers.named('recordLandingZone')[0]?.argument.active).toBe(false);
});
