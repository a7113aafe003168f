import { newId } from '@bulkhead/kernel';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  REQUEST_DRIFT_WORKFLOW,
  stepsOf,
  WORKFLOW_OF,
  WORKFLOW_QUEUE,
  type OperationCall,
  type OperationKind,
} from '../contract.js';
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
beforeEach(() => workers.reset(planFor(onboarding(POOLED))));

const driftRunId = newId('driftRun');
const changeId = newId('change');
function run<K extends OperationKind>(kind: K, input: OperationCall<K>['input']): Promise<unknown> {
  const call = { operationId: newId('operation'), input, patience: { ...IMPATIENT, attentionMs: 50 } };
  return temporal.client.workflow.execute(WORKFLOW_OF[kind], {
    ...{ taskQueue: WORKFLOW_QUEUE, workflowId: call.operationId, args: [call] },
  });
}

it('stacks are compared until none is left, then the cloud is searched, then the run ends', async () => {
  let left = 3;
  workers.on('compareStacks', () => ({ left: --left }));
  await run('drift.detect', { driftRunId, sweeps: true });
  expect(workers.order).toEqual(['compareStacks', 'compareStacks', 'compareStacks', 'sweepInventory', 'endDriftRun']);
  expect(workers.named('endDriftRun')[0]?.argument).toEqual({ driftRunId, state: 'finished' });
  expect(workers.named('sweepInventory')[0]?.tag).toMatchObject({ step: 'sweep_inventory' });
  expect(workers.reports).toEqual(['running', 'succeeded']);
});

it('for one tenant nothing is searched', async () => {
  workers.on('compareStacks', () => ({ left: 0 }));
  await run('drift.detect', { driftRunId, sweeps: false });
  expect(workers.order).toEqual(['compareStacks', 'endDriftRun']);
  expect(stepsOf('drift.detect', { driftRunId, sweeps: false })).toEqual(['compare_stacks']);
});

it('a run that nobody could mend is recorded as failed', async () => {
  workers.on('compareStacks', () => {
    throw lasting();
  });
  await expect(run('drift.detect', { driftRunId, sweeps: true })).rejects.toMatchObject({
    cause: { type: 'provider_failed' },
  });
  expect(workers.named('endDriftRun')[0]?.argument).toEqual({ driftRunId, state: 'failed' });
  expect(workers.reports.at(-1)).toBe('failed');
});

it('a remedy that was carried out is left alone', async () => {
  workers.on('remedyDrift', () => ({}));
  await run('drift.remedy', { changeId });
  expect(workers.order).toEqual(['remedyDrift']);
  expect(workers.reports).toEqual(['running', 'succeeded']);
});

it('a remedy that refuses gives its request back at once, without asking an operator', async () => {
  const refused = { code: 'finding_moved', message: 'It moved.', remediation: 'Ask again.' };
  workers.on('remedyDrift', () => ({ refused }));
  await expect(run('drift.remedy', { changeId })).rejects.toMatchObject({ cause: { type: 'finding_moved' } });
  expect(workers.order).toEqual(['remedyDrift', 'releaseRemedy']);
  expect(workers.reports).toEqual(['running', 'compensating', 'failed']);
  expect(workers.named('reportOperation')[1]?.argument).toMatchObject({ state: 'compensating', error: refused });
});

it('a remedy that fails waits for an operator, and gives its request back when nobody comes', async () => {
  workers.on('remedyDrift', () => {
    throw lasting();
  });
  await expect(run('drift.remedy', { changeId })).rejects.toMatchObject({ cause: { type: 'provider_failed' } });
  expect(workers.order).toEqual(['remedyDrift', 'releaseRemedy']);
  expect(workers.reports).toContain('needs_attention');
});

it('the schedule asks for a run under a key of its own', async () => {
  const workflowId = `drift-daily-${newId('operation')}`;
  await temporal.client.workflow.execute(REQUEST_DRIFT_WORKFLOW, { taskQueue: WORKFLOW_QUEUE, workflowId, args: [] });
  expect(workers.named('requestDriftRun')[0]?.argument).toEqual({ key: workflowId });
});
