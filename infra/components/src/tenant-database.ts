import type { PhysicalNames, RetentionSpec } from '@bulkhead/domain';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { PostgresDatabase } from './bulkhead/postgres-database.js';
import { logRetentionDays } from './log-retention.js';
import { ownershipTags, type Discardable, type Ownership } from './ownership.js';

/** Master login of every instance. RDS makes and rotates its password; only the `bulkhead` provider uses it. */
export const MASTER_USERNAME = 'bulkhead_master';
const ENGINE_MAJOR = '18';
/** Days in which a deleted secret can still be restored (Secrets Manager allows 7–30, or 0 for none). */
const SECRET_RECOVERY_DAYS = 30;

export interface TenantDatabaseArgs extends Discardable {
  readonly ownership: Ownership;
  readonly names: PhysicalNames;
  readonly instanceClass: string;
  readonly storageGb: number;
  readonly retention: RetentionSpec;
  readonly keyArn: pulumi.Input<string>;
  /** Version of the tenant schema that the provider applies. */
  readonly schemaVersion: string;
}

/**
 * A Postgres instance on RDS and, inside it, the database with its roles and schema.
 *
 * No password is in the program or in the state: RDS keeps the master's in Secrets Manager, and the `bulkhead`
 * provider puts the logins of application, migrator and queue consumer into secrets that the program creates empty.
 * Backup policy: RDS automated backups (`retention.backupDays`) with point-in-time restore, and a final snapshot unless
 * the database is discarded.
 */
export class TenantDatabase extends pulumi.ComponentResource {
  readonly instance: pulumi.Output<string>;
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  readonly database: pulumi.Output<string>;
  readonly masterSecretArn: pulumi.Output<string>;
  readonly servingSecretArn: pulumi.Output<string>;

  constructor(name: string, args: TenantDatabaseArgs, options?: pulumi.ComponentResourceOptions) {
    super('bulkhead:components:TenantDatabase', name, {}, options);
    const logs = this.#logGroup(name, args);
    const instance = this.#instance(name, args, logs);
    const serving = this.#secret(`${name}-serving-login`, args.names.servingSecret, 'Serving login', args);
    const migrator = this.#secret(`${name}-migrator-login`, args.names.migratorSecret, 'Migrator login', args);
    const consumer = this.#secret(`${name}-consumer-login`, args.names.consumerSecret, 'Consumer login', args);
    this.instance = instance.identifier;
    this.host = instance.address;
    this.port = instance.port;
    this.masterSecretArn = instance.masterUserSecrets.apply(([master]) => master?.secretArn ?? '');
    const database = new PostgresDatabase(
      `${name}-database`,
      {
        resourceId: args.ownership.id,
        host: this.host,
        port: this.port,
        masterSecretArn: this.masterSecretArn,
        database: args.names.database,
        ownerRole: args.names.ownerRole,
        servingRole: args.names.servingRole,
        servingSecretArn: serving.arn,
        migratorRole: args.names.migratorRole,
        migratorSecretArn: migrator.arn,
        consumerRole: args.names.consumerRole,
        consumerSecretArn: consumer.arn,
        home: args.ownership.id,
        schemaVersion: args.schemaVersion,
      },
      { parent: this, protect: args.discardedBy === undefined },
    );
    this.database = database.database;
    this.servingSecretArn = serving.arn;
    this.#alarms(name, args, instance);
    this.registerOutputs({ host: this.host, port: this.port, database: this.database });
  }

  #instance(name: string, args: TenantDatabaseArgs, logs: aws.cloudwatch.LogGroup): aws.rds.Instance {
    const discarded = args.discardedBy !== undefined;
    const parameters = this.#parameters(name, args);
    return new aws.rds.Instance(
      `${name}-instance`,
      {
        identifier: args.names.instance,
        engine: 'postgres',
        engineVersion: ENGINE_MAJOR,
        instanceClass: args.instanceClass,
        allocatedStorage: args.storageGb,
        storageType: 'gp3',
        storageEncrypted: true,
        kmsKeyId: args.keyArn,
        username: MASTER_USERNAME,
        manageMasterUserPassword: true,
        masterUserSecretKmsKeyId: args.keyArn,
        parameterGroupName: parameters.name,
        backupRetentionPeriod: args.retention.backupDays,
        copyTagsToSnapshot: true,
        deletionProtection: !discarded,
        skipFinalSnapshot: discarded,
        finalSnapshotIdentifier: `${args.names.instance}-final`,
        publiclyAccessible: false,
        // Lifting the deletion protection must not wait for a maintenance window: the destruction comes right after.
        applyImmediately: true,
        enabledCloudwatchLogsExports: ['postgresql'],
        tags: ownershipTags(args.ownership),
      },
      // RDS makes the log group by itself, without an end of retention, if it is not there first.
      { parent: this, protect: !discarded, dependsOn: [logs] },
    );
  }

  #parameters(name: string, args: TenantDatabaseArgs): aws.rds.ParameterGroup {
    return new aws.rds.ParameterGroup(
      `${name}-parameters`,
      {
        name: args.names.instance,
        family: `postgres${ENGINE_MAJOR}`,
        parameters: [
          { name: 'rds.force_ssl', value: '1', applyMethod: 'immediate' },
          // A live move of the tenant is logical replication; the setting takes effect at start only.
          { name: 'rds.logical_replication', value: '1', applyMethod: 'pending-reboot' },
          // Statements and their parameters hold PHI: neither may reach the log, not even with an error.
          { name: 'log_statement', value: 'none', applyMethod: 'immediate' },
          { name: 'log_min_error_statement', value: 'panic', applyMethod: 'immediate' },
          // Nor the values of the row that broke a constraint, which an error's DETAIL names.
          { name: 'log_error_verbosity', value: 'terse', applyMethod: 'immediate' },
          { name: 'log_parameter_max_length_on_error', value: '0', applyMethod: 'immediate' },
        ],
        tags: ownershipTags(args.ownership),
      },
      { parent: this },
    );
  }

  #secret(resource: string, name: string, what: string, args: TenantDatabaseArgs): aws.secretsmanager.Secret {
    const discarded = args.discardedBy !== undefined;
    return new aws.secretsmanager.Secret(
      resource,
      {
        name,
        description: `${what} of ${args.names.database}`,
        kmsKeyId: args.keyArn,
        recoveryWindowInDays: discarded ? 0 : SECRET_RECOVERY_DAYS,
        tags: ownershipTags(args.ownership),
      },
      { parent: this, protect: !discarded },
    );
  }

  #logGroup(name: string, args: TenantDatabaseArgs): aws.cloudwatch.LogGroup {
    return new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      {
        name: `/aws/rds/instance/${args.names.instance}/postgresql`,
        retentionInDays: logRetentionDays(args.retention.logDays),
        tags: ownershipTags(args.ownership),
      },
      { parent: this },
    );
  }

  #alarms(name: string, args: TenantDatabaseArgs, instance: aws.rds.Instance): void {
    const shared = {
      namespace: 'AWS/RDS',
      dimensions: { DBInstanceIdentifier: instance.identifier },
      statistic: 'Average',
      period: 300,
      evaluationPeriods: 3,
      tags: ownershipTags(args.ownership),
    };
    new aws.cloudwatch.MetricAlarm(
      `${name}-storage-alarm`,
      {
        ...shared,
        name: `${args.names.instance}-free-storage`,
        metricName: 'FreeStorageSpace',
        comparisonOperator: 'LessThanThreshold',
        // Bytes: a tenth of the disk, before Postgres stops writing.
        threshold: (args.storageGb * 1024 ** 3) / 10,
      },
      { parent: this },
    );
    new aws.cloudwatch.MetricAlarm(
      `${name}-cpu-alarm`,
      {
        ...shared,
        name: `${args.names.instance}-cpu`,
        metricName: 'CPUUtilization',
        comparisonOperator: 'GreaterThanThreshold',
        threshold: 90,
      },
      { parent: this },
    );
  }
}
