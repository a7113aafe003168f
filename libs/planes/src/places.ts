import {
  physicalNames,
  type LayerAccess,
  type LayerPlaces,
  type PlacedTenant,
  type PlannedBinding,
} from '@bulkhead/domain';
import { idHex } from '@bulkhead/kernel';

/** Where a layer is, as the tenant's workload is told; undefined while its place does not exist. */
export function placeOf(placed: PlacedTenant, binding: PlannedBinding): LayerPlaces[keyof LayerPlaces] | undefined {
  const { cell, dedicated } = placed;
  const shared = binding.isolation === 'shared';
  const names = physicalNames(binding.bindingId);
  const keyArn = shared ? cell?.outputs.keyArn : (dedicated.key?.keyArn ?? cell?.outputs.keyArn);
  const access = keyArn && accessTo(placed, shared, keyArn);
  if (!keyArn || !access) return undefined;
  switch (binding.layer) {
    case 'database':
      return { secretPrefix: secretPrefix(placed, binding), keyArn, access };
    case 'key':
      return { keyArn, access };
    case 'storage': {
      const bucket = shared ? cell?.outputs.bucket : dedicated.storage?.bucket;
      return bucket === undefined ? undefined : { bucket, prefix: shared ? names.prefix : null, keyArn, access };
    }
    case 'queue': {
      const queue = shared ? cell?.outputs : dedicated.queue;
      if (!queue) return undefined;
      const { queueUrl, deadLetterQueueUrl } = queue;
      return { queueUrl, deadLetterQueueUrl, lane: shared ? names.lane : null, keyArn, access };
    }
  }
}

/** Cell and stack have one role each, of a name that follows from their id, in the account of their key. */
function accessTo({ cell, stackId }: PlacedTenant, shared: boolean, keyArn: string): LayerAccess | undefined {
  const account = keyArn.split(':')[4];
  if (shared) {
    return cell
      ? { roleArn: `arn:aws:iam::${account}:role/${physicalNames(cell.cellId).role}`, externalId: cell.cellId }
      : undefined;
  }
  return stackId ? { roleArn: `arn:aws:iam::${account}:role/bh-${idHex(stackId)}`, externalId: stackId } : undefined;
}

/** Secrets of pooled tenants lie under their cell, so that the role of a cell names none of another's. */
function secretPrefix({ cell }: PlacedTenant, { bindingId, isolation }: PlannedBinding): string {
  return isolation === 'shared' ? `bulkhead/${cell?.cellId}/tenant/${bindingId}/` : `bulkhead/${bindingId}/tenant/`;
}
