import { newId, waitFor } from '@bulkhead/kernel';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { STATUS_QUERY, WORKFLOW_OF, WORKFLOW_QUEUE, type OperationCall } from '../contract.js';
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
  workers.on('applyPlanStack', () => ({ tenantIds: [] }));
});

const planHash = `sha256:${'a'.repeat(64)}`;
const stacks = ['cell.a', 'cell.b', 'dedicated-tenant.c', 'dedicated-tenant.d', 'dedicated-tenant.e'];

function start(input: Partial<OperationCall<'fleet.apply'>['input']> = {}) {
  const call: OperationCall<'fleet.apply'> = {
    operationId: newId('operation'),
    input: { planHash, stacks, parallel: 2, canaries: 1, ...input },
    patience: IMPATIENT,
  };
  return temporal.client.workflow.start(WORKFLOW_OF['fleet.apply'], {
    taskQueue: WORKFLOW_QUEUE,
    workflowId: call.operationId,
    args: [call],
  });
}
const begun = () => workers.named('applyPlanStack').map(({ argument }) => argument.stack);
const settled = () => workers.named('settleLosses').map(({ argument }) => [argument.stack, argument.lost]);

/** Keeps every run at work until it is let go. */
function hold() {
  const open = new Set<string>();
  let free: () => void = () => undefined;
  const freed = new Promise<void>((resolve) => (free = resolve));
  workers.on('applyPlanStack', async ({ stack }) => {
    open.add(stack);
    await freed;
    return { tenantIds: [] };
  });
  return { open, free };
}

it('applies what others stand on first, the canary of each program alone, and each as a step of its own', async () => {
  const handle = await start();
  expect(await handle.result()).toEqual({ planHash, applied: 5 });
  expect(begun().slice(0, 3)).toEqual(['cell.a', 'cell.b', 'dedicated-tenant.c']);
  expect(begun().toSorted()).toEqual(stacks);
  for (const { argument, tag } of workers.named('applyPlanStack')) expect(tag?.step).toBe(argument.stack);
  expect(settled()).toHaveLength(5);
  expect(settled().every(([, lost]) => lost)).toBe(true);
  expect(workers.reports.at(-1)).toBe('succeeded');
});

it('works on so many at once, and no more', async () => {
  let [now, most] = [0, 0];
  workers.on('applyPlanStack', async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 50));
    now -= 1;
    return { tenantIds: [] };
  });
  const many = Array.from({ length: 7 }, (_, at) => `roster.r${at}`);
  await (await start({ stacks: many, canaries: 2, parallel: 3 })).result();
  expect([begun().length, most]).toEqual([7, 3]);
  most = 0;
  await (await start({ stacks: many, canaries: 7, parallel: 3 })).result();
  expect(most).toBe(1);
});

it('begins nothing after the first failure, and says how far it came', async () => {
  workers.on('applyPlanStack', ({ stack }) => {
    if (stack === 'roster.b') throw lasting('The provider refuses roster.b.');
    return { tenantIds: [] };
  });
  const rosters = ['a', 'b', 'c', 'd'].map((name) => `roster.${name}`);
  const handle = await start({ stacks: [...rosters, 'dedicated-tenant.e'], parallel: 1 });
  await expect(handle.result()).rejects.toMatchObject({
    cause: {
      type: 'provider_failed',
      message: expect.stringContaining('Applied: 1 of 5 stacks; failed: roster.b; not begun: 3.'),
    },
  });
  expect(begun()).toEqual(['roster.a', 'roster.b']);
  expect(settled()).toEqual([
    ['roster.a', true],
    ['roster.b', false],
  ]);
  expect(workers.reports.at(-1)).toBe('failed');
});

it('tries again what may pass', async () => {
  let tries = 0;
  workers.on('applyPlanStack', () => {
    if (++tries === 1) throw passing();
    return { tenantIds: [] };
  });
  expect(await (await start({ stacks: ['cell.a'] })).result()).toMatchObject({ applied: 1 });
});

it('waits for what is under way when it is cancelled, and begins nothing more', async () => {
  const { open, free } = hold();
  const handle = await start();
  await waitFor('the first', () => open.size === 1);
  await handle.cancel();
  await waitFor('the cancellation', async () =>
    (await handle.fetchHistory()).events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes),
  );
  expect(await handle.query(STATUS_QUERY)).toMatchObject({ state: 'running' });
  free();
  await expect(handle.result()).rejects.toMatchObject({ name: 'WorkflowFailedError' });
  expect(begun()).toEqual(['cell.a']);
  expect(settled()).toEqual([['cell.a', true]]);
  expect(workers.reports.at(-1)).toBe('cancelled');
});

it('binds anew whoever lost something or has another version of the tier, once the loss has been settled', async () => {
  const tenantId = newId('tenant');
  workers.on('applyPlanStack', () => ({ tenantIds: [tenantId] }));
  await (await start({ stacks: ['dedicated-tenant.c'] })).result();
  expect(workers.order).toEqual([
    'applyPlanStack',
    'settleLosses',
    'initialiseKeys',
    'prepareDatabase',
    'applyRetention',
    'closePlanStack',
  ]);
  expect(workers.named('prepareDatabase')[0]).toMatchObject({
    argument: { tenantId },
    tag: { step: 'dedicated-tenant.c' },
  });
});

it('leaves a stack open whose tenants could not be bound anew', async () => {
  workers.on('applyPlanStack', () => ({ tenantIds: [newId('tenant')] }));
  workers.on('prepareDatabase', () => {
    throw lasting('The database does not answer.');
  });
  const handle = await start({ stacks: ['dedicated-tenant.c'] });
  await expect(handle.result()).rejects.toMatchObject({ name: 'WorkflowFailedError' });
  expect(workers.named('closePlanStack')).toEqual([]);
});
