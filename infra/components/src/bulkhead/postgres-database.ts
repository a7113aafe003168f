import * as pulumi from '@pulumi/pulumi';

export interface PostgresDatabaseArgs {
  /** Binding or cell that the database serves. */
  readonly resourceId: pulumi.Input<string>;
  readonly host: pulumi.Input<string>;
  readonly port: pulumi.Input<number>;
  /** Secrets Manager ARN of the master login; the provider reads the credentials itself, so no state holds them. */
  readonly masterSecretArn: pulumi.Input<string>;
  readonly database: pulumi.Input<string>;
  /** NOLOGIN role that owns the tables. */
  readonly ownerRole: pulumi.Input<string>;
  /** Login of the serving application. */
  readonly servingRole: pulumi.Input<string>;
  /** Secret that the provider puts the serving login into. */
  readonly servingSecretArn: pulumi.Input<string>;
  /** Login that migrates the workload's tables. */
  readonly migratorRole: pulumi.Input<string>;
  readonly migratorSecretArn: pulumi.Input<string>;
  /** Login of the queue's consumers. */
  readonly consumerRole: pulumi.Input<string>;
  readonly consumerSecretArn: pulumi.Input<string>;
  /** Id of this database as a home of tenants: the binding (dedicated) or the cell (shared). */
  readonly home: pulumi.Input<string>;
  readonly schemaVersion: pulumi.Input<string>;
}

/** `bulkhead:postgres:TenantDatabase`: a database with its roles and the tenant schema, inside an existing server. */
export class PostgresDatabase extends pulumi.CustomResource {
  static readonly type = 'bulkhead:postgres:TenantDatabase';

  declare readonly database: pulumi.Output<string>;
  declare readonly servingSecretArn: pulumi.Output<string>;
  /** SHA-256 over the applied schema: what a drift check compares. */
  declare readonly schemaDigest: pulumi.Output<string>;

  constructor(name: string, args: PostgresDatabaseArgs, options?: pulumi.CustomResourceOptions) {
    super(PostgresDatabase.type, name, { ...args, schemaDigest: undefined }, options);
  }
}
