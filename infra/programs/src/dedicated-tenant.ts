import {
  TenantAccessRole,
  TenantBucket,
  TenantDatabase,
  TenantKey,
  TenantQueue,
  type Ownership,
} from '@bulkhead/components';
import { physicalNames, stackName, type DedicatedTenantOutputs, type DedicatedTenantSpec } from '@bulkhead/domain';
import { BulkheadError, idHex, type BindingId } from '@bulkhead/kernel';
import * as pulumi from '@pulumi/pulumi';
import { coordinates } from './cell.js';
import { SCHEMA_VERSION } from './schema-version.js';

type Declared<T> = { -readonly [Field in keyof T]?: pulumi.Input<NonNullable<T[Field]>> };
type Owned = (bindingId: BindingId) => Ownership;

/**
 * The dedicated layers of one tenant, only those that the specification has, and the role by which the tenant's
 * workload reaches them.
 */
export function dedicatedTenant(spec: DedicatedTenantSpec): Declared<DedicatedTenantOutputs> {
  const stack = stackName({ program: 'dedicated-tenant', spec });
  const owned: Owned = (id) => ({ id, stack, tenantId: spec.tenantId });
  const key =
    spec.key && new TenantKey('key', { ...keyArgs(spec.key.bindingId, owned), discardedBy: spec.discardedBy });
  const keyArn = key?.keyArn ?? spec.sharedKeyArn!;
  const database = spec.database && declareDatabase(spec, spec.database, owned, keyArn);
  const storage = spec.storage && declareStorage(spec, spec.storage.bindingId, owned, keyArn);
  const queue = spec.queue && declareQueue(spec, spec.queue.bindingId, owned, keyArn);
  new TenantAccessRole('workload', {
    ownership: { id: spec.stackId, stack, tenantId: spec.tenantId },
    region: spec.region,
    roleName: `bh-${idHex(spec.stackId)}`,
    keyArn,
    keyIsShared: key === undefined,
    bucketArn: storage?.arn,
    queueArn: queue?.queueArn,
    deadLetterQueueArn: queue?.deadLetterQueueArn,
    servingSecretArn: database?.servingSecretArn,
    secretsOf: spec.database?.bindingId,
  });
  const outputs: Declared<DedicatedTenantOutputs> = {};
  if (database) {
    outputs.database = pulumi
      .all([coordinates(database), database.instance])
      .apply(([where, instance]) => ({ ...where, instance }));
  }
  if (storage) outputs.storage = pulumi.output({ bucket: storage.bucket, arn: storage.arn });
  if (key) outputs.key = pulumi.output({ keyArn: key.keyArn, alias: key.alias });
  if (queue) {
    outputs.queue = pulumi.output({ queueUrl: queue.queueUrl, deadLetterQueueUrl: queue.deadLetterQueueUrl });
  }
  return outputs;
}

function keyArgs(bindingId: BindingId, owned: Owned) {
  return { ownership: owned(bindingId), aliasName: physicalNames(bindingId).keyAlias };
}

function declareDatabase(
  spec: DedicatedTenantSpec,
  { bindingId, instanceClass, storageGb }: NonNullable<DedicatedTenantSpec['database']>,
  owned: Owned,
  keyArn: pulumi.Input<string>,
): TenantDatabase {
  return new TenantDatabase('database', {
    ownership: owned(bindingId),
    names: physicalNames(bindingId),
    instanceClass,
    storageGb,
    retention: spec.retention,
    keyArn,
    schemaVersion: SCHEMA_VERSION,
    discardedBy: spec.discardedBy,
  });
}

function declareStorage(
  spec: DedicatedTenantSpec,
  bindingId: BindingId,
  owned: Owned,
  keyArn: pulumi.Input<string>,
): TenantBucket {
  return new TenantBucket('storage', {
    ownership: owned(bindingId),
    bucket: physicalNames(bindingId).bucket,
    keyArn,
    objectVersionDays: spec.retention.objectVersionDays,
    discardedBy: spec.discardedBy,
  });
}

function declareQueue(
  spec: DedicatedTenantSpec,
  bindingId: BindingId,
  owned: Owned,
  keyArn: pulumi.Input<string>,
): TenantQueue {
  const names = physicalNames(bindingId);
  return new TenantQueue('queue', {
    ownership: owned(bindingId),
    queue: names.queue,
    deadLetterQueue: names.deadLetterQueue,
    keyArn,
    discardedBy: spec.discardedBy,
  });
}

/** @throws BulkheadError `dedicated_tenant_invalid` (422) without any layer, or with neither an own nor a shared key. */
export function refuseInvalidTenant(spec: DedicatedTenantSpec): void {
  const layers = [spec.database, spec.storage, spec.key, spec.queue].filter((layer) => layer !== undefined);
  if (layers.length > 0 && (spec.key !== undefined || spec.sharedKeyArn !== undefined)) return;
  throw new BulkheadError({
    code: 'dedicated_tenant_invalid',
    status: 422,
    publicMessage: `Stack ${spec.stackId} has no layer, or neither a key of its own nor a shared one.`,
    remediation: "Name at least one layer; give the key layer a binding, or pass the cell's key as sharedKeyArn.",
  });
}
