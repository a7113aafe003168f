import type { BindingId, CellId, OperationId, StackId, TenantId } from '@bulkhead/kernel';

/** Whose a resource is. Written as tags; the providers adopt a resource only when `id` matches. */
export interface Ownership {
  /** Binding or cell that a resource serves; the stack itself for what belongs to none of its bindings. */
  readonly id: BindingId | CellId | StackId | `landing-zone.${string}`;
  /** Pulumi stack that manages the resource. */
  readonly stack: string;
  /** Absent on shared resources and on a warm slot, which has no tenant yet. */
  readonly tenantId?: TenantId | undefined;
}

/** Tag names that every taggable resource carries; `bulkhead:tenant` only when the tenant is known. */
export const OWNERSHIP_TAGS = {
  id: 'bulkhead:id',
  stack: 'bulkhead:stack',
  managedBy: 'bulkhead:managed-by',
  dataClass: 'bulkhead:data-class',
  tenant: 'bulkhead:tenant',
} as const;

/**
 * Tags of a resource. `bulkhead:id` is the proof by which a provider adopts a resource whose creation was cut off;
 * without it a foreign resource with the same name could be taken over.
 */
export function ownershipTags(ownership: Ownership): Record<string, string> {
  const tags: Record<string, string> = {
    [OWNERSHIP_TAGS.id]: ownership.id,
    [OWNERSHIP_TAGS.stack]: ownership.stack,
    [OWNERSHIP_TAGS.managedBy]: 'bulkhead',
    [OWNERSHIP_TAGS.dataClass]: 'phi',
  };
  if (ownership.tenantId !== undefined) tags[OWNERSHIP_TAGS.tenant] = ownership.tenantId;
  return tags;
}

/** What every component that holds state is told about its end. */
export interface Discardable {
  /** Operation that answers for the loss of the state. While it is absent, the state cannot be deleted. */
  readonly discardedBy?: OperationId | undefined;
}
