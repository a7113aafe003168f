import { newId, waitFor, type BindingId, type RosterId } from '@bulkhead/kernel';
import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  ROSTERS_CONTINUING,
  ROSTERS_WORKFLOW,
  SETTLE_UPDATE,
  WORKFLOW_QUEUE,
  rostersWorkflowId,
  type CellRostersInput,
} from '../contract.js';
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
let input: CellRostersInput;

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
  input = { cellId: newId('cell'), patience: IMPATIENT };
});
afterEach(() => temporal.client.workflow.getHandle(rostersWorkflowId(input.cellId)).terminate());

function settle(
  rosterId: RosterId,
  bindingId: BindingId,
  serviceClass: 'standard' | 'premium' = 'standard',
): Promise<void> {
  const startWorkflowOperation = new WithStartWorkflowOperation(ROSTERS_WORKFLOW, {
    workflowId: rostersWorkflowId(input.cellId),
    taskQueue: WORKFLOW_QUEUE,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [input],
  });
  return temporal.client.workflow.executeUpdateWithStart(SETTLE_UPDATE, {
    startWorkflowOperation,
    args: [{ rosterId, bindingIds: [bindingId], serviceClass }],
  });
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof WorkflowUpdateFailedError)) throw error;
  return error.cause?.message ?? '';
};
const bindings = (count: number): BindingId[] => Array.from({ length: count }, () => newId('binding'));

/** Holds the first run of a roster until all requests behind it have arrived, so that they make one group. */
async function asOneGroup(
  rosterId: RosterId,
  group: readonly BindingId[],
  run: (bindingIds: readonly BindingId[]) => void,
) {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  workers.on('runRoster', (call) => (call.bindingIds.includes(first) ? held : run(call.bindingIds)));
  const [first] = bindings(1) as [BindingId];
  const opening = settle(rosterId, first);
  await waitFor('the first run', () => workers.named('runRoster').length === 1);
  const outcomes = Promise.all(group.map((bindingId) => settle(rosterId, bindingId).then(() => 'settled', reasonOf)));
  await waitFor('all requests', async () => {
    const { events } = await temporal.client.workflow.getHandle(rostersWorkflowId(input.cellId)).fetchHistory();
    return events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length === group.length + 1;
  });
  release();
  await opening;
  return outcomes;
}

describe('a roster run', () => {
  it('serves whatever arrived while another run was going: sixty registrations, two runs', async () => {
    const all = bindings(60);
    const outcomes = await asOneGroup(newId('roster'), all, () => {});
    expect(new Set(outcomes)).toEqual(new Set(['settled']));
    const runs = workers.named('runRoster').map(({ argument }) => argument.bindingIds);
    expect(runs.map((run) => run.length)).toEqual([1, 60]);
    expect(runs[1]?.toSorted()).toEqual(all.toSorted());
  });

  it('that fails for one of eight is halved until that one stands alone; it learns why, the others succeed', async () => {
    const group = bindings(8);
    const bad = group[5]!;
    const registered = new Set<BindingId>();
    const outcomes = await asOneGroup(newId('roster'), group, (bindingIds) => {
      if (bindingIds.includes(bad)) throw lasting('This key cannot be wrapped.');
      for (const bindingId of bindingIds) registered.add(bindingId);
    });
    expect(outcomes).toEqual(group.map((bindingId) => (bindingId === bad ? 'This key cannot be wrapped.' : 'settled')));
    expect([...registered].toSorted()).toEqual(group.filter((bindingId) => bindingId !== bad).toSorted());
    // The held one, the group, one without any of them, and two for each of the three halvings.
    expect(workers.named('runRoster')).toHaveLength(1 + 1 + 1 + 6);
  });

  it('that fails without any of its requests is not searched: all learn the common reason', async () => {
    const outcomes = await asOneGroup(newId('roster'), bindings(8), () => {
      throw lasting('The cell’s database is gone.');
    });
    expect(new Set(outcomes)).toEqual(new Set(['The cell’s database is gone.']));
    expect(workers.named('runRoster')).toHaveLength(3);
  });

  it('waits out an outage of the plane: nobody of the group fails for it', async () => {
    let failures = 0;
    const outcomes = await asOneGroup(newId('roster'), bindings(4), () => {
      failures += 1;
      if (failures <= 3) throw passing('The cell’s database is starting.');
    });
    expect(new Set(outcomes)).toEqual(new Set(['settled']));
  });

  it('is tried again by itself while its error may pass', async () => {
    let tries = 0;
    workers.on('runRoster', () => {
      tries += 1;
      if (tries < 3) throw passing();
    });
    await settle(newId('roster'), newId('binding'));
    expect(tries).toBe(3);
  });

  it('of one roster does not wait for that of another', async () => {
    workers.on('runRoster', () => waitFor('both runs', () => workers.named('runRoster').length === 2));
    const both = [settle(newId('roster'), newId('binding')), settle(newId('roster'), newId('binding'), 'premium')];
    expect(await Promise.all(both)).toHaveLength(2);
  });
});

it('a settled request that comes again is settled again: the caller may not have heard the answer', async () => {
  const [rosterId, bindingId] = [newId('roster'), newId('binding')];
  await settle(rosterId, bindingId);
  await settle(rosterId, bindingId);
  expect(workers.named('runRoster')).toHaveLength(2);
});

it('continues as a new workflow without losing a request', async () => {
  input = { ...input, runsPerHistory: 3 };
  const handle = temporal.client.workflow.getHandle(rostersWorkflowId(input.cellId));
  const patiently = async (rosterId: RosterId, bindingId: BindingId): Promise<void> => {
    await waitFor('a settled request', () =>
      settle(rosterId, bindingId).then(
        () => true,
        (error: unknown) => {
          if ((error as { cause?: { type?: string } }).cause?.type !== ROSTERS_CONTINUING) throw error;
          return false;
        },
      ),
    );
  };
  const all = bindings(12);
  await patiently(newId('roster'), all[0]!);
  const { runId } = await handle.describe();
  for (const bindingId of all.slice(1)) await patiently(newId('roster'), bindingId);
  expect(workers.named('runRoster').flatMap(({ argument }) => argument.bindingIds)).toEqual(all);
  expect((await handle.describe()).runId).not.toBe(runId);
});
