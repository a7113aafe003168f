import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, EnableKeyRotationCommand } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { accessPolicy, accessTrust } from '@bulkhead/components';
import {
  LAYERS,
  physicalNames,
  type CellOutputs,
  type DatabaseCoordinates,
  type DedicatedTenantOutputs,
  type PlacedTenant,
} from '@bulkhead/domain';
import { idHex, newId, type BindingId, type CellId, type StackId } from '@bulkhead/kernel';
import { homeOf } from '@bulkhead/planes';
import { KEPT, type PlaneEngines } from '@bulkhead/planes/testing';
import { SCHEMA_VERSION } from '@bulkhead/programs';
import { startPlane, type PlaneFixture } from '@bulkhead/providers/testing/plane-fixture';

/** The contract's engines: Postgres servers as RDS instances behind the stand-in, and the AWS API emulator. */
export async function startPlaneEngines(): Promise<TestPlaneEngines> {
  const plane = await startPlane();
  const { kms, rds, s3, secrets, sqs } = plane.clients;
  const clients = { kms, rds, s3, secrets, sqs, databaseTls: false };
  const cellId = newId('cell');
  const cell = { cellId, outputs: await standUp(plane, cellId) };
  const engines: PlaneEngines = {
    clients,
    async place(isolation) {
      const bindings = LAYERS.map((layer) => ({ bindingId: newId('binding'), layer, isolation, epoch: 3 }));
      const placed = { tenantId: newId('tenant'), retention: KEPT, bindings, cell: null, dedicated: {}, stackId: null };
      return isolation === 'shared' ? pooled(plane, { ...placed, cell }) : dedicated(plane, placed);
    },
    async registry(placed, bindingId) {
      const [row] = await sqlAtHome(
        plane,
        placed,
        `select tenant_id, (select count(*)::int from bulkhead.data_key k where k.binding_id = r.binding_id) as keys
           from bulkhead.registration r where binding_id = $1`,
        [bindingId],
      );
      return row && { tenantId: row['tenant_id'] as string | null, dataKeys: row['keys'] as number };
    },
    async secrets(placed) {
      const { masterSecretArn, servingSecretArn } = coordinatesOf(placed);
      const logins = await Promise.all([masterSecretArn, servingSecretArn].map((arn) => plane.secretValue(arn)));
      return logins.map((login) => String(login['password']));
    },
  };
  return { ...engines, plane, stop: () => plane.stop(), sql: sqlAtHome.bind(undefined, plane) };
}

function coordinatesOf(placed: PlacedTenant): DatabaseCoordinates {
  const home = homeOf(placed);
  if (!home) throw new Error('The placement has no database');
  return home.database;
}

/** As the superuser of the server: what neither the planes nor the master may do. */
async function sqlAtHome(plane: PlaneFixture, placed: PlacedTenant, text: string, values: unknown[] = []) {
  const home = homeOf(placed);
  if (!home) throw new Error('The placement has no database');
  const login = { ...plane.rds.superuserOf(physicalNames(home.id).instance), database: home.database.database };
  return plane.sql(login, text, values);
}

async function standUp(plane: PlaneFixture, id: CellId): Promise<CellOutputs> {
  const keyArn = await key(plane);
  const [database, bucket, queue] = await Promise.all([
    databaseFor(plane, id),
    bucketFor(plane, id, keyArn),
    queues(plane, id, keyArn),
  ]);
  await accessRole(plane, id, physicalNames(id).role, {
    keyArn,
    bucket,
    queueUrl: queue.queueUrl,
    secretsOf: id,
  });
  return { database, bucket, keyArn, ...queue };
}

async function pooled(plane: PlaneFixture, placed: PlacedTenant): Promise<PlacedTenant> {
  const { outputs } = placed.cell as { outputs: CellOutputs };
  const { host, port, masterSecretArn, database } = outputs.database;
  const { ownerRole } = physicalNames(placed.cell?.cellId as CellId);
  for (const { bindingId, layer } of placed.bindings) {
    const place = { host, port, masterSecretArn, database, ownerRole, keyArn: outputs.keyArn };
    await plane.bulkhead.create('bulkhead:pool:Registration', { ...place, bindingId, layer, locator: bindingId });
  }
  return placed;
}

async function dedicated(plane: PlaneFixture, placed: PlacedTenant): Promise<PlacedTenant> {
  const idOf = (layer: string) => placed.bindings.find((binding) => binding.layer === layer)?.bindingId as BindingId;
  const keyArn = await key(plane);
  const [database, bucket, queue] = await Promise.all([
    databaseFor(plane, idOf('database')),
    bucketFor(plane, idOf('storage'), keyArn),
    queues(plane, idOf('queue'), keyArn),
  ]);
  const outputs: DedicatedTenantOutputs = {
    database: { ...database, instance: physicalNames(idOf('database')).instance },
    storage: { bucket, arn: `arn:aws:s3:::${bucket}` },
    key: { keyArn, alias: physicalNames(idOf('key')).keyAlias },
    queue,
  };
  const stackId = newId('stack');
  await accessRole(plane, stackId, `bh-${idHex(stackId)}`, {
    keyArn,
    bucket,
    queueUrl: queue.queueUrl,
    secretsOf: idOf('database'),
  });
  return { ...placed, dedicated: outputs, stackId };
}

/** The role of a cell or a stack, as TenantAccessRole makes it. */
async function accessRole(
  { clients: { iam }, emulator: { region } }: PlaneFixture,
  id: CellId | StackId,
  RoleName: string,
  to: { keyArn: string; bucket: string; queueUrl: string; secretsOf: CellId | BindingId },
): Promise<void> {
  const account = to.keyArn.split(':')[4] ?? '';
  const queueArn = `arn:aws:sqs:${region}:${account}:${to.queueUrl.split('/').at(-1)}`;
  const arns = {
    ...to,
    bucketArn: `arn:aws:s3:::${to.bucket}`,
    queueArn,
    deadLetterQueueArn: `${queueArn}-dlq`,
  };
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: accessTrust(account, { id }) }));
  const PolicyDocument = accessPolicy(arns, false, region);
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'own-resources', PolicyDocument }));
}

async function databaseFor(plane: PlaneFixture, id: BindingId | CellId): Promise<DatabaseCoordinates> {
  const names = physicalNames(id);
  const { state } = await plane.aws.create('aws:rds/instance:Instance', {
    identifier: names.instance,
    engine: 'postgres',
    engineVersion: '18',
    instanceClass: 'db.t4g.micro',
    allocatedStorage: 20,
    username: 'bulkhead_master',
    manageMasterUserPassword: true,
    skipFinalSnapshot: true,
    backupRetentionPeriod: KEPT.backupDays,
    tags: { 'bulkhead:id': id },
  });
  const inputs = { ...(await plane.databaseInputs(state, names.database)), home: id, schemaVersion: SCHEMA_VERSION };
  await plane.bulkhead.create('bulkhead:postgres:TenantDatabase', inputs);
  const { host, port, database, masterSecretArn, servingSecretArn } = inputs as Record<string, unknown>;
  return { host, port, database, masterSecretArn, servingSecretArn } as DatabaseCoordinates;
}

async function key({ clients: { kms } }: PlaneFixture): Promise<string> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  await kms.send(new EnableKeyRotationCommand({ KeyId: KeyMetadata?.KeyId }));
  return KeyMetadata?.Arn ?? '';
}

async function bucketFor({ clients: { s3 } }: PlaneFixture, id: BindingId | CellId, keyArn: string): Promise<string> {
  const { bucket: Bucket } = physicalNames(id);
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const byDefault = { SSEAlgorithm: 'aws:kms' as const, KMSMasterKeyID: keyArn };
  const encryption = { Rules: [{ ApplyServerSideEncryptionByDefault: byDefault }] };
  await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: encryption }));
  const blocked = {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  };
  await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: blocked }));
  const rule = {
    ID: 'versions',
    Status: 'Enabled' as const,
    Filter: { Prefix: '' },
    NoncurrentVersionExpiration: { NoncurrentDays: KEPT.objectVersionDays },
  };
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [rule] } }));
  return Bucket;
}

async function queues({ clients: { sqs } }: PlaneFixture, id: BindingId | CellId, keyArn: string) {
  const { queue, deadLetterQueue } = physicalNames(id);
  const make = async (QueueName: string) => {
    const { QueueUrl = '' } = await sqs.send(
      new CreateQueueCommand({ QueueName, Attributes: { KmsMasterKeyId: keyArn } }),
    );
    return QueueUrl;
  };
  return { queueUrl: await make(queue), deadLetterQueueUrl: await make(deadLetterQueue) };
}

export interface TestPlaneEngines extends PlaneEngines {
  readonly plane: PlaneFixture;
  /** Runs SQL in the tenant's home as the superuser of its server. */
  sql(placed: PlacedTenant, text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}
