import type { RunAction } from '@bulkhead/automation';
import { RecordDedicatedStack, RecordRetired, RecordRosterRun, RetirePlacement } from '@bulkhead/control';
import type { ProvisioningActivities } from '@bulkhead/definitions';
import type { CellOutputs, ProgramRequest, RosterOutputs } from '@bulkhead/domain';
import { Context } from '@temporalio/activity';
import { send, type Dependencies } from './dependencies.js';
import { stepOfActivity } from './step-interceptor.js';

/** Least time between two lines of progress: a row is written for each. */
const DETAIL_MS = 500;

/** Pulumi runs. Each records what it did before it answers; a repeat adopts what the last try left. */
export function provisioningActivities(dependencies: Dependencies): ProvisioningActivities {
  const { placements } = dependencies;
  return {
    async runRoster({ rosterId, bindingIds }) {
      // First what goes, then what stays: a binding that is retired in between is still registered by this run, and
      // goes with the next one. The other way round it would be recorded as gone while it is there.
      const removed = await placements.retiring(bindingIds);
      const spec = await placements.rosterSpec(rosterId, { registering: bindingIds });
      const outputs = (await run(
        dependencies,
        { program: 'roster', spec },
        'up',
        rosterId,
      )) as unknown as RosterOutputs;
      const registered = bindingIds.flatMap((bindingId) => outputs.registrations[bindingId] ?? []);
      await send(dependencies, new RecordRosterRun({ rosterId, registered, removed }));
    },
    async standUpDedicatedLayers({ operationId, spec }) {
      const outputs = await run(dependencies, { program: 'dedicated-tenant', spec }, 'up', operationId);
      const { stackId } = spec;
      await send(dependencies, new RecordDedicatedStack({ stackId, outputs }));
    },
    async discardDedicatedLayers({ operationId, tenantId }) {
      const { dedicated, bindings } = await send(dependencies, new RetirePlacement({ operationId, tenantId }));
      if (!dedicated) return;
      await run(dependencies, { program: 'dedicated-tenant', spec: dedicated }, 'destroy', operationId);
      const own = bindings.filter(({ isolation }) => isolation === 'dedicated');
      const bindingIds = own.map(({ bindingId }) => bindingId);
      await send(dependencies, new RecordRetired({ operationId, tenantId, bindingIds }));
    },
    async standUpCell({ operationId, spec }) {
      return (await run(dependencies, { program: 'cell', spec }, 'up', operationId)) as unknown as CellOutputs;
    },
    async discardCell({ operationId, spec }) {
      const discarded = { ...spec, discardedBy: operationId };
      await run(dependencies, { program: 'cell', spec: discarded }, 'destroy', operationId);
    },
    async applyLandingZone({ operationId, spec }) {
      await run(dependencies, { program: 'landing-zone', spec }, 'up', operationId);
    },
  };
}

async function run(
  { automation, progress, logger }: Dependencies,
  request: ProgramRequest,
  action: RunAction,
  operationId: string,
): Promise<Readonly<Record<string, unknown>>> {
  const tag = stepOfActivity();
  let lastDetail = 0;
  const { outputs } = await automation.run({
    request,
    action,
    operationId,
    signal: Context.current().cancellationSignal,
    onEvent: ({ operation, type, name }) => {
      if (!tag || Date.now() - lastDetail < DETAIL_MS) return;
      lastDetail = Date.now();
      progress.detail(tag, `${operation} ${type} ${name}`).catch((error: unknown) => {
        logger.debug('A line of progress was lost.', { operationId: tag.operationId, error });
      });
    },
  });
  return outputs;
}
