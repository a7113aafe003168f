import type { BindingId, CellId, RosterId, StackId, TenantId } from '@bulkhead/kernel';
import type { CellOutputs, DedicatedTenantOutputs, DedicatedTenantSpec, RetentionSpec } from '../provisioning/specs.js';
import type { Isolation, Layer, Region } from './layers.js';

export interface PlannedBinding {
  readonly bindingId: BindingId;
  readonly layer: Layer;
  readonly isolation: Isolation;
  readonly epoch: number;
}

/** What has to exist (or to be taken down) so that a tenant's placement is what its tier says. */
export interface PlacementPlan {
  readonly tenantId: TenantId;
  readonly region: Region;
  readonly retention: RetentionSpec;
  readonly bindings: readonly PlannedBinding[];
  /** The shared layers, all in one roster of one cell; null when every layer is dedicated. */
  readonly shared: {
    readonly cellId: CellId;
    readonly rosterId: RosterId;
    readonly cell: CellOutputs;
    readonly bindings: readonly { readonly bindingId: BindingId; readonly layer: Layer }[];
  } | null;
  /** The dedicated layers, all in one stack; null when every layer is shared. */
  readonly dedicated: DedicatedTenantSpec | null;
}

/** A tenant with what the programs answered for its layers: as much of it as exists by now. */
export interface PlacedTenant {
  readonly tenantId: TenantId;
  readonly retention: RetentionSpec;
  readonly bindings: readonly PlannedBinding[];
  /** The cell of its shared layers. */
  readonly cell: { readonly cellId: CellId; readonly outputs: CellOutputs } | null;
  readonly dedicated: DedicatedTenantOutputs;
  /** The stack of its dedicated layers, whose role reaches them; null when every layer is shared. */
  readonly stackId: StackId | null;
}
