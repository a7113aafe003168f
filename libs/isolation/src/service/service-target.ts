/** What a request or a message came to. */
export interface Served {
  /** Tenant whose rows were answered with; undefined when it was refused. */
  readonly tenant: string | undefined;
}

/**
 * A running service of the workload, as the proof can drive it. Each part is optional: a service without a queue has no
 * consumer. What is missing is not counted as proven.
 */
export interface ServiceTarget {
  readonly kind: 'service';
  readonly name: string;
  readonly tenants: { readonly a: string; readonly b: string };
  /** Asks who is served; `token` undefined for a request without one. Called many times at once, for both tenants. */
  readonly whoAmI?: (tenant: 'a' | 'b' | undefined) => Promise<Served>;
  /** Whether the tenant may use the feature that only A has. */
  readonly allowed?: (tenant: 'a' | 'b') => Promise<boolean>;
  /** Hands the consumer a message of the tenant; undefined for one without context. */
  readonly consume?: (tenant: 'a' | 'b' | undefined) => Promise<Served>;
  /** Does ordinary work with data that holds this marker, and gives everything that was logged. */
  readonly logOf?: (marker: string) => Promise<string>;
}
