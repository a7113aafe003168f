import * as pulumi from '@pulumi/pulumi';

export interface PoolRegistrationArgs {
  readonly bindingId: pulumi.Input<string>;
  readonly layer: pulumi.Input<string>;
  readonly host: pulumi.Input<string>;
  readonly port: pulumi.Input<number>;
  readonly database: pulumi.Input<string>;
  /** Role that owns the registry tables of the cell's database. */
  readonly ownerRole: pulumi.Input<string>;
  readonly masterSecretArn: pulumi.Input<string>;
  /** KMS key of the cell: wraps the data key of a key binding. */
  readonly keyArn: pulumi.Input<string>;
  /** Where the binding's part of the shared layer is: prefix, lane, wrapped key's id or database. */
  readonly locator: pulumi.Input<string>;
}

/** `bulkhead:pool:Registration`: one pooled binding in a cell's registry. */
export class PoolRegistration extends pulumi.CustomResource {
  static readonly type = 'bulkhead:pool:Registration';

  declare readonly bindingId: pulumi.Output<string>;
  declare readonly layer: pulumi.Output<string>;
  declare readonly locator: pulumi.Output<string>;

  constructor(name: string, args: PoolRegistrationArgs, options?: pulumi.CustomResourceOptions) {
    super(PoolRegistration.type, name, { ...args }, options);
  }
}
