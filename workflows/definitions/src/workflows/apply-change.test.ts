import { newId } from '@bulkhead/kernel';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { RETRY_SIGNAL, WORKFLOW_OF, WORKFLOW_QUEUE, type OperationCall } from '../contract.js';
import {
  FakeWorkers,
  IMPATIENT,
  lasting,
  onboarding,
  passing,
  planFor,
  POOLED,
  startTestTemporal,
} from '../testing/index.js';
import { waitFor } from '@bulkhead/kernel';

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
beforeEach(() => {
  workers.reset(planFor(onboarding(POOLED)));
  workers.on('changeBilling', () => billing);
});

const billing = { subscriptionRef: 'sub_2', invoiceScheduleRef: 'sub_2' };

async function start(attentionMs = 60_000) {
  const input = { changeId: newId('change'), tenantId: newId('tenant'), serviceClass: 'standard' as const };
  const call: OperationCall<'change.apply'> = {
    operationId: newId('operation'),
    input,
    patience: { ...IMPATIENT, attentionMs },
  };
  const handle = await temporal.client.workflow.start(WORKFLOW_OF['change.apply'], {
    taskQueue: WORKFLOW_QUEUE,
    workflowId: call.operationId,
    args: [call],
  });
  return { handle, change: { operationId: call.operationId, tenantId: input.tenantId, changeId: input.changeId } };
}

it('billing is changed first, then everything else at once', async () => {
  const { handle, change } = await start();
  expect(await handle.result()).toEqual(billing);
  expect(workers.order).toEqual(['changeBilling', 'switchPlan']);
  expect(workers.named('switchPlan')[0]?.argument).toEqual({ ...change, billing });
  expect(workers.reports).toEqual(['running', 'succeeded']);
});

it('a change that billing refuses for good gives the request back, and nothing is switched', async () => {
  workers.on('changeBilling', () => {
    throw lasting();
  });
  const { handle, change } = await start(50);
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'provider_failed' } });
  expect(workers.order).toEqual(['changeBilling', 'releaseChange']);
  expect(workers.named('releaseChange')[0]?.argument).toEqual(change);
  expect(workers.reports.at(-1)).toBe('failed');
});

it('once billing has changed nobody takes it back: the switch waits for an operator as long as it takes', async () => {
  let broken = true;
  workers.on('switchPlan', () => {
    if (broken) throw lasting();
  });
  const { handle } = await start(30);
  await waitFor('the second time that nobody came', () => workers.named('needAttention').length >= 3);
  await handle.cancel();
  broken = false;
  await handle.signal(RETRY_SIGNAL);
  expect(await handle.result()).toEqual(billing);
  expect(workers.named('releaseChange')).toEqual([]);
  expect(workers.reports.at(-1)).toBe('succeeded');
});

it('a lost answer of billing is asked for again', async () => {
  let tries = 0;
  workers.on('changeBilling', () => {
    tries += 1;
    if (tries < 3) throw passing();
    return billing;
  });
  const { handle } = await start();
  expect(await handle.result()).toEqual(billing);
  expect(workers.named('switchPlan')).toHaveLength(1);
});
