import { waitFor } from '@bulkhead/kernel';
import { CancelledFailure } from '@temporalio/common';
import { activityInfo, Context } from '@temporalio/activity';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  RETRY_SIGNAL,
  STATUS_QUERY,
  WORKFLOW_QUEUE,
  stepsOf,
  type OperationCall,
  type OperationStatus,
} from '../contract.js';
import {
  DEDICATED,
  FakeWorkers,
  HYBRID,
  POOLED,
  lasting,
  onboarding,
  passing,
  planFor,
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

async function start(call: OperationCall<'tenant.onboard'>): Promise<WorkflowHandle> {
  workers.reset(planFor(call));
  workers.on('describePlacement', () => ({ digest: 'd' }));
  return temporal.client.workflow.start('onboardTenant', {
    taskQueue: WORKFLOW_QUEUE,
    workflowId: call.operationId,
    args: [call],
  });
}

async function outcome(handle: WorkflowHandle): Promise<string> {
  try {
    await handle.result();
    return 'completed';
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return error.cause instanceof CancelledFailure ? 'cancelled' : `failed: ${(error.cause as { type?: string }).type}`;
  }
}

const inAttention = (handle: WorkflowHandle) =>
  waitFor('needs_attention', async () => {
    const status = await handle.query<OperationStatus>(STATUS_QUERY);
    return workers.reports.includes('needs_attention') && status.state === 'needs_attention' && status;
  });

/** Runs until the worker is told to stop, and takes its time to. */
async function untilCancelled(): Promise<never> {
  const beat = setInterval(() => Context.current().heartbeat(), 20);
  try {
    return await Context.current().cancelled;
  } finally {
    clearInterval(beat);
  }
}

describe('onboarding', () => {
  it('runs every step of a hybrid placement once, in order, and answers with the receipt', async () => {
    const call = onboarding(HYBRID);
    const handle = await start(call);
    expect(await handle.result()).toEqual({ digest: 'd' });
    const steps = workers.calls.flatMap(({ tag }) => (tag ? [tag.step] : []));
    expect(steps.toSorted()).toEqual([...stepsOf('tenant.onboard', call.input)].toSorted());
    expect(steps.filter((step) => !/register|stand_up/.test(step))).toEqual(
      stepsOf('tenant.onboard', call.input).filter((step) => !/register|stand_up/.test(step)),
    );
    expect(workers.reports).toEqual(['running', 'succeeded']);
    expect(workers.named('reportOperation').at(-1)?.argument.result).toEqual({ digest: 'd' });
  });

  it('registers pooled layers and stands up dedicated ones at the same time', async () => {
    const call = onboarding(HYBRID);
    const handle = await start(call);
    const bothAtWork = () =>
      waitFor(
        'both',
        () => workers.named('settlePooledLayers').length === 1 && workers.named('standUpDedicatedLayers').length === 1,
      );
    workers.on('settlePooledLayers', bothAtWork);
    workers.on('standUpDedicatedLayers', bothAtWork);
    expect(await outcome(handle)).toBe('completed');
  });

  it.each([
    ['a pooled tenant stands nothing up', POOLED, 'standUpDedicatedLayers' as const],
    ['a dedicated tenant registers nothing', DEDICATED, 'settlePooledLayers' as const],
  ])('%s', async (_title, layers, absent) => {
    const handle = await start(onboarding(layers));
    expect(await outcome(handle)).toBe('completed');
    expect(workers.order).not.toContain(absent);
  });

  it('tries again by itself while an error may pass', async () => {
    const handle = await start(onboarding(POOLED));
    workers.on('prepareDatabase', () => {
      if (activityInfo().attempt < 3) throw passing();
    });
    expect(await outcome(handle)).toBe('completed');
    expect(workers.named('prepareDatabase')).toHaveLength(3);
    expect(workers.reports).toEqual(['running', 'succeeded']);
  });

  it('asks for an operator once its tries are used up', async () => {
    const handle = await start(onboarding(POOLED));
    workers.on('prepareDatabase', () => {
      throw passing();
    });
    await inAttention(handle);
    expect(workers.named('prepareDatabase')).toHaveLength(3);
    await handle.cancel();
    expect(await outcome(handle)).toBe('cancelled');
  });
});

describe('a step that fails for good', () => {
  async function stuck(patience = {}) {
    const handle = await start(onboarding(HYBRID, patience));
    workers.on('setUpBilling', () => {
      throw lasting();
    });
    return handle;
  }

  it('says at once what it waits for, and goes on when the operator mended the cause', async () => {
    const handle = await stuck();
    const status = await inAttention(handle);
    expect(status.waiting).toEqual({
      set_up_billing: { code: 'provider_failed', message: 'The provider refuses.', remediation: 'Mend the provider.' },
    });
    expect(workers.named('setUpBilling')).toHaveLength(1);
    expect(workers.named('needAttention')[0]?.argument).toMatchObject({
      step: 'set_up_billing',
      failure: { code: 'provider_failed' },
    });
    workers.on('setUpBilling', () => undefined);
    await handle.signal(RETRY_SIGNAL);
    expect(await outcome(handle)).toBe('completed');
    expect(workers.reports).toEqual(['running', 'needs_attention', 'running', 'succeeded']);
  });

  it('asks again when the retry fails too', async () => {
    const handle = await stuck();
    await inAttention(handle);
    await handle.signal(RETRY_SIGNAL);
    await waitFor('the second question', () => workers.named('needAttention').length === 2);
    await handle.cancel();
    expect(await outcome(handle)).toBe('cancelled');
  });

  const undone = [
    'cancelBilling',
    'unbindPlacement',
    'unbindPlacement',
    'discardDedicatedLayers',
    'retirePooledLayers',
    'retirePlacement',
    'abandonTenant',
  ];
  const undoing = () => workers.calls.filter(({ tag }) => tag?.phase === 'undo').map(({ activity }) => activity);

  it('is taken back, the latest step first, when the operator cancels', async () => {
    const handle = await stuck();
    await inAttention(handle);
    await handle.cancel();
    expect(await outcome(handle)).toBe('cancelled');
    expect(undoing()).toEqual(undone);
    expect(workers.reports).toEqual(['running', 'needs_attention', 'cancelling', 'cancelled']);
  });

  it('is taken back when nobody came before the deadline, and the operation failed for that reason', async () => {
    const handle = await stuck({ attentionMs: 100 });
    expect(await outcome(handle)).toBe('failed: provider_failed');
    expect(undoing()).toEqual(undone);
    expect(workers.reports).toEqual(['running', 'needs_attention', 'compensating', 'failed']);
    expect(workers.named('reportOperation').at(-1)?.argument.error?.code).toBe('provider_failed');
  });
});

describe('a cancellation', () => {
  it('undoes nothing before the step that is under way has ended', async () => {
    const handle = await start(onboarding(POOLED));
    let ended = false;
    workers.on('prepareDatabase', async () => {
      try {
        await untilCancelled();
      } finally {
        await waitFor(
          'the cancellation to be known',
          async () => (await handle.describe()).raw.pendingActivities?.length === 1,
        );
        ended = true;
      }
    });
    const beforeEnd: boolean[] = [];
    workers.on('unbindPlacement', () => void beforeEnd.push(!ended));
    await waitFor('the step', () => workers.named('prepareDatabase').length === 1);
    await handle.cancel();
    expect(await outcome(handle)).toBe('cancelled');
    expect(beforeEnd).toEqual([false, false]);
    expect(workers.order).not.toContain('applyRetention');
  });

  it('that comes before anything was reserved still closes the tenant’s record', async () => {
    const handle = await start(onboarding(POOLED));
    workers.on('reservePlacement', untilCancelled);
    await waitFor('the step', () => workers.named('reservePlacement').length === 1);
    await handle.cancel();
    expect(await outcome(handle)).toBe('cancelled');
    expect(workers.order.slice(1)).toEqual(['retirePlacement', 'abandonTenant']);
  });

  it('that comes while the tenant is being activated comes too late', async () => {
    const handle = await start(onboarding(POOLED));
    let release = (): void => {};
    workers.on('activateTenant', () => new Promise<void>((resolve) => (release = resolve)));
    await waitFor('the step', () => workers.named('activateTenant').length === 1);
    await handle.cancel();
    await waitFor('the request', async () =>
      (await handle.fetchHistory()).events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes),
    );
    release();
    expect(await outcome(handle)).toBe('completed');
    expect(workers.reports).toEqual(['running', 'succeeded']);
  });
});

it('when one of two steps gives up, the other is stopped before anything is undone', async () => {
  const handle = await start(onboarding(HYBRID, { attentionMs: 50 }));
  workers.on('settlePooledLayers', () => {
    throw lasting('This binding cannot be registered.');
  });
  workers.on('standUpDedicatedLayers', untilCancelled);
  const stillAtWork: boolean[] = [];
  workers.on(
    'discardDedicatedLayers',
    () => void stillAtWork.push(workers.named('standUpDedicatedLayers').some((call) => !call.ended)),
  );
  expect(await outcome(handle)).toBe('failed: provider_failed');
  expect(stillAtWork).toEqual([false]);
});

describe('undoing that fails', () => {
  async function cancelledWithBadUndo(patience = {}) {
    const handle = await start(onboarding(POOLED, patience));
    workers.on('grantEntitlements', () => {
      throw lasting();
    });
    let broken = true;
    workers.on('retirePooledLayers', () => {
      if (broken) throw lasting();
    });
    await inAttention(handle);
    await handle.cancel();
    await waitFor('the failed undoing', () =>
      workers.named('needAttention').some((call) => call.argument.step === 'register_pooled_layers'),
    );
    return { handle, mend: () => void (broken = false) };
  }

  it('waits for an operator and then goes on with the rest', async () => {
    const { handle, mend } = await cancelledWithBadUndo();
    expect(workers.order).not.toContain('abandonTenant');
    mend();
    await handle.signal(RETRY_SIGNAL);
    expect(await outcome(handle)).toBe('cancelled');
    expect(workers.order.slice(-2)).toEqual(['retirePlacement', 'abandonTenant']);
    expect(workers.reports.slice(-4)).toEqual(['cancelling', 'needs_attention', 'cancelling', 'cancelled']);
  });

  it('is tried again on its own and cannot be cancelled away', async () => {
    const { handle, mend } = await cancelledWithBadUndo({ compensateEveryMs: 50 });
    await handle.cancel();
    await waitFor('another try', () => workers.named('retirePooledLayers').length >= 3);
    mend();
    expect(await outcome(handle)).toBe('cancelled');
    expect(workers.order.at(-1)).toBe('abandonTenant');
  });
});
