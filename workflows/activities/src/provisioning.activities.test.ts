import { RecordRosterRun } from '@bulkhead/control';
import { newId, type BindingId } from '@bulkhead/kernel';
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
