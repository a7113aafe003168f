import { BeginRemedy, ConfirmRemedy, findingMoved, SettleRemedy, type RemedyTask } from '@bulkhead/control';
import type { DriftActivities, Failure } from '@bulkhead/definitions';
import { beyondFinding, findingDigest } from '@bulkhead/domain/drift';
import { BulkheadError } from '@bulkhead/kernel';
import { deleteResource, INVENTORY_TYPES } from '@bulkhead/planes';
import { Context } from '@temporalio/activity';
import { send, type Dependencies } from './dependencies.js';
import { foundIn } from './drift-found.js';
import { findOrphans } from './find-orphans.js';
import { runRecorded } from './provisioning.activities.js';

type Call = Parameters<DriftActivities['remedyDrift']>[0];

/**
 * Carries a remedy out. The cloud is looked at once more first: what was approved was about what was there then. A try
 * whose answer was lost is recognised by what it did.
 */
export function remedyActivity(dependencies: Dependencies): DriftActivities['remedyDrift'] {
  return async (call) => {
    try {
      const task = await send(dependencies, new BeginRemedy(call));
      if (task.settled) return {};
      await (task.wish.kind === 'orphan' ? deleteOrphan : mend)(dependencies, task, call);
      await send(dependencies, new SettleRemedy(call));
      return {};
    } catch (error) {
      // A worker that shuts down says nothing about the remedy: another one goes on.
      if (Context.current().cancellationSignal.aborted) throw error;
      if (error instanceof BulkheadError && error.code === 'run_cancelled') throw cutOff(error);
      const refused = refusalOf(error);
      if (refused === undefined) throw error;
      return { refused };
    }
  };
}

/** What waiting does not change is for whoever asked; the rest is tried again, or waits for an operator. */
function refusalOf(error: unknown): Failure | undefined {
  if (!(error instanceof BulkheadError) || error.retryable || error.status !== 409) return undefined;
  const { code, publicMessage: message, remediation } = error;
  return { code, message, remediation };
}

async function deleteOrphan(dependencies: Dependencies, { wish, region }: RemedyTask, call: Call): Promise<void> {
  const { resource, name, type, stack } = wish;
  const known = INVENTORY_TYPES.find((candidate) => candidate === type);
  if (known === undefined) throw new Error(`Orphans of the type ${type} are not listed`);
  // Not to find it where it never was proves nothing.
  if (region !== dependencies.region) throw otherRegion(dependencies.region, region);
  const { orphans, owned, unsettled, owners } = await findOrphans(dependencies);
  if (unsettled.includes(resource)) throw notCompared(stack, 'an operation is working on it');
  // Owned again: not what was approved. Not there at all: an earlier try has done it.
  if (owned.has(resource)) throw findingMoved();
  const orphan = orphans.find((candidate) => candidate.resource === resource);
  if (orphan === undefined) return;
  if (orphan.owner !== null && owners.get(orphan.owner)) throw findingMoved();
  await send(dependencies, new ConfirmRemedy(call));
  await deleteResource(dependencies.inventory, known, name);
}

async function mend(dependencies: Dependencies, { wish, properties }: RemedyTask, call: Call): Promise<void> {
  const { automation, fleet, region } = dependencies;
  const { stack, resource, remedy } = wish;
  const live = await fleet.request(stack);
  if (!live) throw findingMoved();
  if (live.request.spec.region !== region) throw otherRegion(region, live.request.spec.region);
  const compared = await automation.compare(live.request, [resource], Context.current().cancellationSignal);
  if (compared.outcome !== 'compared')
    throw notCompared(stack, compared.outcome === 'missing' ? 'it has no state' : compared.why);
  const { found } = foundIn(stack, live.tenantIds, [resource], compared);
  const drifted = found.find((candidate) => candidate.resource === resource);
  if (drifted && findingDigest(drifted) !== wish.findingDigest) throw findingMoved();
  // As it should be: an earlier try has done it. As it is there, but not as the template says: half of one.
  const next = compared.next.find(({ urn }) => urn === resource);
  if (!drifted && (remedy === 'believe' || next === undefined)) return;
  const beyond = remedy === 'believe' || !next ? undefined : beyondFinding(remedy, properties, next);
  if (beyond !== undefined) throw moreThanFound(wish.name, beyond);
  await send(dependencies, new ConfirmRemedy(call));
  const action = remedy === 'believe' ? 'adopt' : 'repair';
  const { operationId } = call;
  await runRecorded(dependencies, { request: live.request, action, operationId, targets: [resource] });
}

function notCompared(stack: string, why: string): BulkheadError {
  return new BulkheadError({
    code: 'stack_not_compared',
    status: 503,
    retryable: true,
    publicMessage: `Stack ${stack} could not be compared with the cloud: ${why}.`,
    remediation: 'Wait until other operations of the stack have ended; it is tried again.',
  });
}

function cutOff(cause: BulkheadError): BulkheadError {
  const { code, publicMessage } = cause;
  const remediation = 'It is tried again, and goes on from what is there.';
  return new BulkheadError({ code, status: 503, retryable: true, publicMessage, remediation, cause });
}

function otherRegion(own: string, region: string | null): BulkheadError {
  return new BulkheadError({
    code: 'other_region',
    status: 409,
    publicMessage: `This worker looks at ${own}, and the resource is in ${region ?? 'a region that nobody has noted'}.`,
    remediation: region
      ? `Apply the request again where a worker of ${region} takes it.`
      : 'Compare again (POST /v1/drift-runs), which notes the region, and apply the request again.',
  });
}

function moreThanFound(name: string, beyond: string): BulkheadError {
  return new BulkheadError({
    code: 'repair_does_more',
    status: 409,
    publicMessage: `A repair of ${name} would do more than was found and approved: ${beyond}.`,
    remediation: 'Preview the fleet and apply its plan first, compare again, and repair what is left.',
  });
}
