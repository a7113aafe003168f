import { TenantAccessRole, TenantBucket, TenantDatabase, TenantKey, TenantQueue } from '@bulkhead/components';
import { physicalNames, stackName, type CellOutputs, type CellSpec } from '@bulkhead/domain';
import * as pulumi from '@pulumi/pulumi';
import { SCHEMA_VERSION } from './schema-version.js';

/**
 * The shared resources of a pool: one key, database, bucket and queue that every pooled binding of the cell lives in, and
 * the role that workloads take to reach them.
 */
export function cell(spec: CellSpec): { readonly [Field in keyof CellOutputs]: pulumi.Input<CellOutputs[Field]> } {
  const names = physicalNames(spec.cellId);
  const ownership = { id: spec.cellId, stack: stackName({ program: 'cell', spec }) };
  const { discardedBy } = spec;
  const { keyArn } = new TenantKey('key', { ownership, aliasName: names.keyAlias, discardedBy });
  const database = new TenantDatabase('database', {
    ownership,
    names,
    instanceClass: spec.databaseClass,
    storageGb: spec.databaseGb,
    retention: spec.retention,
    keyArn,
    schemaVersion: SCHEMA_VERSION,
    discardedBy,
  });
  const storage = new TenantBucket('storage', {
    ownership,
    bucket: names.bucket,
    keyArn,
    objectVersionDays: spec.retention.objectVersionDays,
    discardedBy,
  });
  const queue = new TenantQueue('queue', {
    ownership,
    queue: names.queue,
    deadLetterQueue: names.deadLetterQueue,
    keyArn,
    discardedBy,
  });
  new TenantAccessRole('workload', {
    ownership,
    region: spec.region,
    roleName: names.role,
    keyArn,
    keyIsShared: false,
    bucketArn: storage.arn,
    queueArn: queue.queueArn,
    deadLetterQueueArn: queue.deadLetterQueueArn,
    servingSecretArn: database.servingSecretArn,
    secretsOf: spec.cellId,
  });
  return {
    database: coordinates(database),
    bucket: storage.bucket,
    keyArn,
    queueUrl: queue.queueUrl,
    deadLetterQueueUrl: queue.deadLetterQueueUrl,
  };
}

/** Where a database is and where its credentials are. */
export function coordinates(database: TenantDatabase): pulumi.Output<CellOutputs['database']> {
  return pulumi.output({
    host: database.host,
    port: database.port,
    database: database.database,
    masterSecretArn: database.masterSecretArn,
    servingSecretArn: database.servingSecretArn,
  });
}
