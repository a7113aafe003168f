import type { BindingId, CellId, RosterId, StackId, TenantId } from '@bulkhead/kernel';
import type { Isolation, Layer, Region } from '../placement/layers.js';
import type { ProgramRequest } from '../provisioning/specs.js';

/** One layer of a live tenant, where it is. */
export interface FleetBinding {
  readonly bindingId: BindingId;
  readonly layer: Layer;
  readonly isolation: Isolation;
  /** The cell of a shared binding; for a dedicated one, the cell whose key encrypts it. */
  readonly cellId: CellId | null;
  readonly rosterId: RosterId | null;
  readonly stackId: StackId | null;
}

/** A live tenant, as far as its specifications follow from it. */
export interface FleetTenant {
  readonly id: TenantId;
  readonly slug: string;
  readonly region: Region;
  readonly tier: { readonly name: string; readonly version: number };
  readonly bindings: readonly FleetBinding[];
}

/**
 * A deployment as Pulumi's checkpoint holds it (apitype.DeploymentV3), with every secret replaced by a placeholder and
 * nothing of the secrets provider.
 */
export interface RecordedState {
  readonly resources: readonly RecordedResource[];
  /** Changes whose end the state does not know. */
  readonly pending: number;
}

export interface RecordedResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly custom?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** A live stack: what it should be, and what it was when its last run ended. */
export interface FleetStack {
  readonly stack: string;
  readonly request: ProgramRequest;
  readonly tenantIds: readonly TenantId[];
  /**
   * Digest of the specification and the code that the state was made from; null when the last run did not end well.
   * See {@link appliedDigest}.
   */
  readonly appliedDigest: string | null;
  /** Null until the first run of the stack has ended. */
  readonly state: RecordedState | null;
  readonly recordedAt: string | null;
}

/** A published version of a tier. */
export interface FleetTier {
  readonly name: string;
  readonly version: number;
  readonly digest: string;
}
