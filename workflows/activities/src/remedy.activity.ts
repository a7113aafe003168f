import { BeginRemedy, findingMoved, SettleRemedy } from '@bulkhead/control';
import type { DriftActivities, Failure } from '@bulkhead/definitions';
import { findingDigest, type RemedyWish } from '@bulkhead/domain/drift';
import { BulkheadError, type OperationId } from '@bulkhead/kernel';
import { deleteResource, INVENTORY_TYPES } from '@bulkhead/planes';
import { send, type Dependencies } from './dependencies.js';
import { foundIn } from './drift-found.js';
import { findOrphans } from './find-orphans.js';
import { runRecorded } from './provisioning.activities.js';

/**
 * Carries a remedy out. The cloud is looked at once more first: what was approved was about what was there then. A try
 * whose answer was lost is recognised by what it did.
 */
export function remedyActivity(dependencies: Dependencies): DriftActivities['remedyDrift'] {
  return async (call) => {
    try {
      const { wish, settled } = await send(dependencies, new BeginRemedy(call));
      if (settled) return {};
      await (wish.kind === 'orphan' ? deleteOrphan(dependencies, wish) : mend(dependencies, wish, call.operationId));
      await send(dependencies, new SettleRemedy(call));
      return {};
    } catch (error) {
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

async function deleteOrphan(dependencies: Dependencies, { resource, name, type }: RemedyWish): Promise<void> {
  const known = INVENTORY_TYPES.find((candidate) => candidate === type);
  if (known === undefined) throw new Error(`Orphans of the type ${type} are not listed`);
  const { orphans, unseen, owners } = await findOrphans(dependencies);
  const orphan = orphans.find((candidate) => candidate.resource === resource);
  if (orphan === undefined) {
    // Owned again, or being worked on: not what was approved. Not there at all: an earlier try has done it.
    if (unseen.has(resource)) throw findingMoved();
    return;
  }
  if (orphan.owner !== null && owners.get(orphan.owner)) throw findingMoved();
  await deleteResource(dependencies.inventory, known, name);
}

async function mend(dependencies: Dependencies, wish: RemedyWish, operationId: OperationId): Promise<void> {
  const { automation, fleet } = dependencies;
  const { stack, resource, remedy } = wish;
  const live = await fleet.request(stack);
  if (!live) throw findingMoved();
  const compared = await automation.compare(live.request, [resource]);
  if (compared.outcome !== 'compared')
    throw notCompared(stack, compared.outcome === 'missing' ? 'it has no state' : compared.why);
  const { found } = foundIn(stack, live.tenantIds, [resource], compared);
  const drifted = found.find((candidate) => candidate.resource === resource);
  if (drifted && findingDigest(drifted) !== wish.findingDigest) throw findingMoved();
  // As it should be: an earlier try has done it. As it is there, but not as the template says: half of one.
  if (!drifted && (remedy === 'believe' || compared.upshots[resource] === undefined)) return;
  const action = remedy === 'believe' ? 'adopt' : 'repair';
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
