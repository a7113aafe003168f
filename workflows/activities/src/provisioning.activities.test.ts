import { RecordRosterRun, type RecordStack } from '@bulkhead/control';
import { BulkheadError, newId, type BindingId } from '@bulkhead/kernel';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Dependencies } from './dependencies.js';
import { provisioningActivities } from './provisioning.activities.js';

it('a binding that is retired while its run is being planned is not recorded as gone: the run registers it', async () => {
  const rosterId = newId('roster');
  const bindingId = newId('binding');
  const recorded: RecordRosterRun['run'][] = [];
  let retiring: BindingId[] = [];
  const dependencies = {
    placements: {
      rosterSpec: async () => {
        const spec = { rosterId, registrations: [{ bindingId, layer: 'queue' }] };
        // The operation is cancelled just after the rows of the run were read.
        retiring = [bindingId];
        return spec;
      },
      retiring: async () => retiring,
    },
    automation: {
      run: async () => ({ outputs: { registrations: { [bindingId]: { bindingId, layer: 'queue', locator: 'l' } } } }),
    },
    gate: {
      execute: async (command: unknown) => {
        if (command instanceof RecordRosterRun) recorded.push(command.run);
      },
    },
  } as unknown as Dependencies;
  const activities = provisioningActivities(dependencies);
  await new MockActivityEnvironment().run(
    (call: Parameters<typeof activities.runRoster>[0]) => activities.runRoster(call),
    { rosterId, bindingIds: [bindingId] },
  );
  expect(recorded).toMatchObject([{ rosterId, removed: [] }]);
});

describe('the state of a stack, after a run', () => {
  const state = { resources: [{ urn: 'urn:x', type: 't' }], pending: 0 };
  const spec = { region: 'us-east-1' as const, auditBucket: 'a', logBucket: 'l', auditLockDays: 1 };
  const recordedAfter = async (run: () => Promise<object>): Promise<object[]> => {
    const recorded: object[] = [];
    const dependencies = {
      automation: { run, recordedState: async () => state },
      gate: { execute: async (command: RecordStack) => void recorded.push(command.recorded) },
      logger: { warn: () => undefined },
    } as unknown as Dependencies;
    const activities = provisioningActivities(dependencies);
    const call = { operationId: newId('operation'), spec };
    await new MockActivityEnvironment()
      .run((input: typeof call) => activities.applyLandingZone(input), call)
      .catch(() => undefined);
    return recorded;
  };
  const failing = (code: string) => async () => {
    throw new BulkheadError({ code, status: 500, publicMessage: 'x', remediation: 'x' });
  };

  it('is recorded with what it was made from, when the run ended well', async () => {
    expect(await recordedAfter(async () => ({ outputs: {}, state }))).toMatchObject([
      { stack: 'landing-zone.us-east-1', state, appliedDigest: expect.stringMatching(/^sha256:/) },
    ]);
  });

  it('is recorded as made from nobody knows what, when the run failed', async () => {
    expect(await recordedAfter(failing('provider_failed'))).toMatchObject([{ state, appliedDigest: null }]);
  });

  it.each(['stack_busy', 'lease_lost'])('is left to whoever holds the stack: %s', async (code) => {
    expect(await recordedAfter(failing(code))).toEqual([]);
  });
});
