/** The role that a workload takes to reach a layer, always for one tenant and with a session policy. */
export interface LayerAccess {
  readonly roleArn: string;
  /** What the role's trust asks for: the cell or the stack that it belongs to. */
  readonly externalId: string;
}

/**
 * Where the layers of a tenant are, as its home's registry tells the workload: names and addresses, never a credential.
 * `null` where a dedicated layer is the tenant's as a whole.
 */
export interface LayerPlaces {
  readonly database: {
    /** What the names of the tenant's own secrets begin with. */
    readonly secretPrefix: string;
    readonly keyArn: string;
    readonly access: LayerAccess;
  };
  readonly storage: {
    readonly bucket: string;
    readonly prefix: string | null;
    /** KMS key that encrypts the objects. */
    readonly keyArn: string;
    readonly access: LayerAccess;
  };
  readonly key: { readonly keyArn: string; readonly access: LayerAccess };
  readonly queue: {
    readonly queueUrl: string;
    readonly deadLetterQueueUrl: string;
    readonly lane: string | null;
    readonly keyArn: string;
    readonly access: LayerAccess;
  };
}
