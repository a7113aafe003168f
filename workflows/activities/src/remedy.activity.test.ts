import type { StackDrift } from '@bulkhead/automation';
import { ConfirmRemedy, SettleRemedy, type RemedyTask } from '@bulkhead/control';
import { findingDigest, type RemedyWish } from '@bulkhead/domain/drift';
import { BulkheadError, newId } from '@bulkhead/kernel';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from './dependencies.js';
import { foundIn } from './drift-found.js';
import { remedyActivity } from './remedy.activity.js';

// What a worker does with an approved remedy when the worker, or the world, is not what it was.

const stack = `dedicated-tenant.${newId('stack')}`;
const urn = `urn:pulumi:${stack}::bulkhead::aws:sqs/queue:Queue::queue-queue`;
const resource = { urn, type: 'aws:sqs/queue:Queue', name: 'queue-queue' };
const properties = [{ path: 'visibilityTimeoutSeconds', before: '30', after: '77', replaces: false }];
const undone = { path: 'visibilityTimeoutSeconds', before: '77', after: '30', replaces: false };
type Compared = Extract<StackDrift, { outcome: 'compared' }>;
const compared = (changes: Partial<Compared> = {}): Compared => ({
  ...{ outcome: 'compared', steps: [{ ...resource, kind: 'changed', properties }], upshots: { [urn]: 'update' } },
  next: [{ ...resource, operation: 'update', properties: [undone] }],
  ...changes,
});
const [drifted] = foundIn(stack, [], [urn], compared()).found;
const wish = {
  ...{ stack, resource: urn, kind: 'changed', type: resource.type, name: resource.name, remedy: 'update' },
  findingDigest: findingDigest(drifted!),
} as RemedyWish;
const cancelled = () =>
  new BulkheadError({ code: 'run_cancelled', status: 409, publicMessage: 'Cancelled.', remediation: 'Again.' });

/** Carries it out in a world that answers as it is told to. */
async function remedy(
  task: Partial<RemedyTask>,
  {
    drift = compared(),
    region = 'us-east-1',
    run = () => {},
  }: { drift?: StackDrift; region?: string; run?: (environment: MockActivityEnvironment) => void } = {},
) {
  const environment = new MockActivityEnvironment();
  const sent: object[] = [];
  let ran = false;
  const dependencies = {
    region,
    fleet: { request: async () => ({ request: { program: 'cell', spec: { region: 'us-east-1' } }, tenantIds: [] }) },
    automation: {
      compare: async () => drift,
      run: async () => {
        ran = true;
        run(environment);
        return { outputs: {} };
      },
      recordedState: async () => undefined,
    },
    gate: {
      execute: async (command: object) => {
        sent.push(command);
        return { wish, settled: false, region: 'us-east-1', properties, ...task };
      },
    },
    logger: { warn: () => undefined },
  } as unknown as Dependencies;
  const call = { operationId: newId('operation'), changeId: newId('change') };
  const ended: unknown = await environment
    .run((input: typeof call) => remedyActivity(dependencies)(input), call)
    .catch((error: unknown) => error);
  return { ended, ran, kinds: sent.map((command) => command.constructor) };
}

it('is confirmed right before the run, and settled after it', async () => {
  const { ended, ran, kinds } = await remedy({});
  expect([ended, ran]).toEqual([{}, true]);
  expect(kinds.indexOf(ConfirmRemedy)).toBe(1);
  expect(kinds.at(-1)).toBe(SettleRemedy);
});

it('does nothing that was not found', async () => {
  const policy = { path: 'policy', after: '"*"', replaces: false };
  const next = [{ ...resource, operation: 'update' as const, properties: [undone, policy] }];
  expect(await remedy({}, { drift: compared({ next }) })).toMatchObject({
    ended: { refused: { code: 'repair_does_more', remediation: expect.stringContaining('apply its plan first') } },
    ran: false,
  });
});

it('goes on with one that was cut off after its first half', async () => {
  expect(await remedy({}, { drift: compared({ steps: [] }) })).toMatchObject({ ended: {}, ran: true });
});

it.each([
  [
    'whose worker shuts down',
    (environment: MockActivityEnvironment) => {
      environment.cancel();
      throw cancelled();
    },
    { code: 'run_cancelled' },
  ],
  [
    'whose run was cut off',
    () => {
      throw cancelled();
    },
    { code: 'run_cancelled', retryable: true },
  ],
])('one %s is not refused, but tried again', async (_what, run, error) => {
  const { ended } = await remedy({}, { run });
  expect(ended).toBeInstanceOf(BulkheadError);
  expect(ended).toMatchObject(error);
});

it.each([
  ['a stack', wish],
  ['an orphan', { ...wish, kind: 'orphan' as const }],
])('leaves %s of another region to others', async (_what, other) => {
  expect(await remedy({ wish: other }, { region: 'eu-central-1' })).toMatchObject({
    ended: { refused: { code: 'other_region' } },
    ran: false,
  });
});

it('leaves an orphan alone of which nobody noted where it is', async () => {
  const orphan = { ...wish, kind: 'orphan' as const };
  expect(await remedy({ wish: orphan, region: null })).toMatchObject({ ended: { refused: { code: 'other_region' } } });
});
