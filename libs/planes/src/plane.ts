import type { DatabaseCoordinates, Isolation, Layer, RetentionSpec } from '@bulkhead/domain';
import type { BindingId, CellId } from '@bulkhead/kernel';

/** What may be known of a layer that was looked at: names, addresses, settings. Never a credential. */
export type Facts = Readonly<Record<string, string | number | boolean>>;

/** One layer of one tenant at the place where it is. All methods may be called again after any crash. */
export interface LayerPlane {
  readonly layer: Layer;
  readonly isolation: Isolation;
  /**
   * Writes the tenant into the plane's registry and makes what only a bound layer has (its home row, its first data
   * key). @throws BulkheadError `binding_taken` (409) when the binding serves somebody else.
   */
  bind(): Promise<void>;
  /** Takes back what {@link bind} wrote. Does nothing when it never ran, or when the plane is gone already. */
  unbind(): Promise<void>;
  /** @throws BulkheadError `retention_not_met` (409) when the plane keeps less than was promised. */
  applyRetention(retention: RetentionSpec): Promise<void>;
  /** Reads what is really there, from the engines and not from our rows. @throws BulkheadError when it is not. */
  describe(): Promise<Facts>;
}

/** The database that owns the tenant's writes, and with it the registry of its dedicated layers. */
export interface Home {
  readonly id: BindingId | CellId;
  readonly database: DatabaseCoordinates;
}
