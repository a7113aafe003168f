import { programCode, type RunAction, type RunRequest, type RunResult } from '@bulkhead/automation';
import { RecordDedicatedStack, RecordRetired, RecordRosterRun, RecordStack, RetirePlacement } from '@bulkhead/control';
import type { ProvisioningActivities } from '@bulkhead/definitions';
import { stackName, type CellOutputs, type ProgramRequest, type RosterOutputs } from '@bulkhead/domain';
import { appliedDigest, type RecordedState } from '@bulkhead/domain/fleet';
import { BulkheadError } from '@bulkhead/kernel';
import { Context } from '@temporalio/activity';
import { send, type Dependencies } from './dependencies.js';
import { stepOfActivity } from './step-interceptor.js';

/** Least time between two lines of progress: a row is written for each. */
const DETAIL_MS = 500;
const HELD_BY_OTHERS: ReadonlySet<string> = new Set(['stack_busy', 'lease_lost']);

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

/** {@link runRecorded} for a whole stack. */
function run(
  dependencies: Dependencies,
  request: ProgramRequest,
  action: RunAction,
  operationId: string,
): Promise<Readonly<Record<string, unknown>>> {
  return runRecorded(dependencies, { request, action, operationId });
}

type Wanted = Omit<RunRequest, 'signal' | 'onEvent'>;

/**
 * Runs Pulumi and records what the state is then, without which no preview would know of it. A failed run is recorded
 * too, as one that nothing can be concluded from; that must not hide why it failed. Of a run of some resources alone
 * (`targets`) nothing is concluded about the others.
 */
export async function runRecorded(
  dependencies: Dependencies,
  wanted: Wanted,
): Promise<Readonly<Record<string, unknown>>> {
  const { request, targets, confirm } = wanted;
  const stack = stackName(request);
  const record = (state: RecordedState | null, digest: string | null) =>
    send(dependencies, new RecordStack({ stack, state, appliedDigest: digest }));
  // What is refused before the run begins has left the state as it was, and with it what is recorded of it.
  let begun = confirm === undefined;
  const confirming = async (...rehearsed: Parameters<NonNullable<Wanted['confirm']>>): Promise<readonly string[]> => {
    const losing = (await confirm?.(...rehearsed)) ?? [];
    begun = true;
    return losing;
  };
  try {
    const { outputs, state } = await runWithProgress(dependencies, {
      ...wanted,
      ...(confirm && { confirm: confirming }),
    });
    await record(state ?? null, state && !targets ? appliedDigest(request, programCode()) : null);
    return outputs;
  } catch (error) {
    // Somebody else holds the stack: what its state is then is theirs to record.
    if (!begun || (error instanceof BulkheadError && HELD_BY_OTHERS.has(error.code))) throw error;
    await dependencies.automation
      .recordedState(stack)
      .then((state) => record(state ?? null, null))
      .catch((unrecorded: unknown) =>
        dependencies.logger.warn('The state of a failed run was not recorded.', { error: unrecorded }),
      );
    throw error;
  }
}

async function runWithProgress({ automation, progress, logger }: Dependencies, wanted: Wanted): Promise<RunResult> {
  const tag = stepOfActivity();
  let lastDetail = 0;
  return automation.run({
    ...wanted,
    signal: Context.current().cancellationSignal,
    onEvent: ({ operation, type, name }) => {
      if (!tag || Date.now() - lastDetail < DETAIL_MS) return;
      lastDetail = Date.now();
      progress.detail(tag, `${operation} ${type} ${name}`).catch((error: unknown) => {
        logger.debug('A line of progress was lost.', { operationId: tag.operationId, error });
      });
    },
  });
}
