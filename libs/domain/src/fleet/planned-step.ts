/** One change that a run would make. */
export interface PlannedStep {
  readonly urn: string;
  readonly type: string;
  /** Logical name; in a roster the binding's id. */
  readonly name: string;
  readonly operation: 'create' | 'update' | 'replace' | 'delete';
  /** What differs, secrets masked; empty on creation and deletion. */
  readonly properties: readonly PropertyDifference[];
}

export interface PropertyDifference {
  readonly path: string;
  /** JSON text, shortened; absent when there was, or will be, none. */
  readonly before?: string;
  readonly after?: string;
  /** Whether this difference is what forces the replacement. */
  readonly replaces: boolean;
}
