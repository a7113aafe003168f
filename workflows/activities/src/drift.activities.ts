import { RecordDrift, type LookedAtStack } from '@bulkhead/control';
import type { DriftActivities } from '@bulkhead/definitions';
import { BulkheadError, type DriftRunId } from '@bulkhead/kernel';
import { Context } from '@temporalio/activity';
import { send, type Dependencies } from './dependencies.js';
import { foundIn, missingStack } from './drift-found.js';
import { findOrphans } from './find-orphans.js';
import { remedyActivity } from './remedy.activity.js';

/** Stacks that one activity looks at: what a worker that dies takes with it. */
const AT_A_TIME = 10;

/** Comparisons of the cloud with what is recorded of it, and what is done about a difference. */
export function driftActivities(dependencies: Dependencies): DriftActivities {
  const { drift, fleet, logger } = dependencies;
  return {
    async compareStacks({ operationId, driftRunId }) {
      const { tenantId, done } = await drift.task(driftRunId);
      const left = (await fleet.names(tenantId)).filter((stack) => !done.has(stack));
      const stacks: LookedAtStack[] = [];
      for (const stack of left.slice(0, AT_A_TIME)) stacks.push(await lookAt(dependencies, stack));
      await send(dependencies, new RecordDrift({ driftRunId, stacks }));
      for (const { stack, outcome, found } of stacks) {
        logger.info('A stack was compared with the cloud.', {
          ...{ operationId, stack, state: outcome, count: found.length },
        });
      }
      return { left: left.length - stacks.length };
    },
    async sweepInventory({ operationId, driftRunId }) {
      const orphans = await sweep(dependencies, driftRunId);
      logger.info('The cloud was searched for what nothing owns.', { operationId, count: orphans });
    },
    remedyDrift: remedyActivity(dependencies),
  };
}

async function sweep(dependencies: Dependencies, driftRunId: DriftRunId): Promise<number> {
  const { region } = dependencies;
  const { orphans, unsettled } = await findOrphans(dependencies);
  await send(dependencies, new RecordDrift({ driftRunId, stacks: [], sweep: { region, orphans, unsettled } }));
  return orphans.length;
}

/** What cannot be read is said of that stack, and keeps no other from being looked at. @throws what ends the activity. */
async function lookAt(dependencies: Dependencies, stack: string): Promise<LookedAtStack> {
  const { cancellationSignal: signal } = Context.current();
  signal.throwIfAborted();
  try {
    return await lookedAt(dependencies, stack, signal);
  } catch (error) {
    signal.throwIfAborted();
    dependencies.logger.warn('A stack could not be compared.', { stack, error });
    const why = error instanceof BulkheadError ? error.publicMessage : 'the comparison ended with an error of its own';
    return { stack, outcome: 'failed', why, found: [], unsettled: [] };
  }
}

async function lookedAt(
  { automation, drift, fleet, region }: Dependencies,
  stack: string,
  signal: AbortSignal,
): Promise<LookedAtStack> {
  const nothing = { stack, found: [], unsettled: [] };
  const live = await fleet.request(stack);
  if (!live) return { ...nothing, outcome: 'skipped', why: 'it is not live any more' };
  if (live.request.spec.region !== region)
    return {
      ...nothing,
      outcome: 'skipped',
      why: `this worker looks at ${region}, and it is in ${live.request.spec.region}`,
    };
  const known = await drift.open(stack);
  const compared = await automation.compare(live.request, known, signal);
  if (compared.outcome === 'missing')
    return { ...nothing, outcome: 'compared', why: null, found: [missingStack(stack, live.tenantIds)] };
  if (compared.outcome !== 'compared') return { ...nothing, outcome: compared.outcome, why: compared.why };
  return { stack, outcome: 'compared', why: null, ...foundIn(stack, live.tenantIds, known, compared) };
}
