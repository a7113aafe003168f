import type { BindingId, StackId, TenantId } from '@bulkhead/kernel';
import type { Layer, Region } from '../placement/layers.js';
import type { DedicatedTenantSpec, ProgramRequest } from '../provisioning/specs.js';
import { templateDigest } from '../templates/template-digest.js';
import type { TierTemplate } from '../templates/template-types.js';

export interface DedicatedPlace {
  readonly tenantId: TenantId;
  readonly region: Region;
  readonly stackId: StackId;
  /** The dedicated bindings. */
  readonly bindings: ReadonlyMap<Layer, BindingId>;
  /** The cell's key; used when the key layer is shared. */
  readonly sharedKeyArn: string | undefined;
}

/** The specification of a tenant's dedicated layers: sizes and retention from the tier, places from its placement. */
export function dedicatedSpec(
  { tenantId, region, stackId, bindings, sharedKeyArn }: DedicatedPlace,
  tier: Pick<TierTemplate, 'retention' | 'database'>,
): DedicatedTenantSpec {
  const own = (layer: Layer): { bindingId: BindingId } | undefined => {
    const bindingId = bindings.get(layer);
    return bindingId && { bindingId };
  };
  const [database, storage, key, queue] = [own('database'), own('storage'), own('key'), own('queue')];
  return {
    stackId,
    tenantId,
    region,
    retention: tier.retention,
    ...(key ? { key } : { sharedKeyArn }),
    ...(database && tier.database && { database: { ...database, ...tier.database } }),
    ...(storage && { storage }),
    ...(queue && { queue }),
  };
}

/**
 * Digest of what a stack is made from: its specification and the code of the programs. A state whose last run ended
 * well and whose digest is the same would come out of a run unchanged, as long as nobody changed the cloud by hand.
 * @param code digest of the programs, components, providers and rules, with the versions of their libraries.
 */
export function appliedDigest(request: ProgramRequest, code: string): string {
  return templateDigest({ request: JSON.parse(JSON.stringify(request)) as object, code });
}
