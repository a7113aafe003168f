import {
  AddTagsToResourceCommand,
  CreateDBInstanceCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  ModifyDBInstanceCommand,
  RemoveTagsFromResourceCommand,
  type DBInstance,
  type ModifyDBInstanceCommandInput,
} from '@aws-sdk/client-rds';
import { BulkheadError } from '@bulkhead/kernel';
import { absentAsUndefined } from '../protocol/failure.js';
import { OWNERSHIP_TAG } from '../protocol/lifecycle.js';
import type { ResourceType } from '../protocol/resource-type.js';
import type { Json, Properties } from '../protocol/values.js';
import type { AwsClients } from './clients.js';
import { ensureMasterSecret, findMasterSecret, rekeyMasterSecret, removeMasterSecret } from './rds-master-secret.js';
import type { RdsHost } from './rds-host.js';
import { INSTANCE_RULES, MODIFIABLE, type InstanceInputs } from './rds-instance-properties.js';
import { tagChanges, tagList, tagMap, type Tags } from './tags.js';

export const rdsInstance: ResourceType<AwsClients, InstanceInputs> = {
  token: 'aws:rds/instance:Instance',
  rules: INSTANCE_RULES,
  computed: [
    'address',
    'arn',
    'endpoint',
    'engineVersionActual',
    'hostedZoneId',
    'masterUserSecrets',
    'port',
    'resourceId',
    'status',
    'tagsAll',
  ],
  label: ({ identifier }) => `RDS instance ${identifier}`,

  refuse({ manageMasterUserPassword }) {
    if (manageMasterUserPassword) return [];
    return [
      {
        property: 'manageMasterUserPassword',
        reason: 'must be true: a password given by the program would be in the state',
      },
    ];
  },

  /** A foreign instance, or one of ours that is complete. An incomplete one counts as none, and `create` completes it. */
  async find(cloud, { identifier, tags }) {
    const record = await describe(cloud, identifier);
    if (record === undefined) return undefined;
    const owner = tagMap(record.TagList)[OWNERSHIP_TAG];
    const ours = owner !== undefined && owner === tags?.[OWNERSHIP_TAG];
    const complete = !ours || ((await hostOf(cloud).find(identifier)) && (await findMasterSecret(cloud, identifier)));
    return complete ? { id: identifier, owner } : undefined;
  },

  async create(cloud, inputs) {
    const { identifier, username } = inputs;
    const host = hostOf(cloud);
    const record = (await describe(cloud, identifier)) ?? (await makeRecord(cloud, host, inputs));
    const secret = await ensureMasterSecret(cloud, inputs, record.DBInstanceArn ?? '');
    await host.ensure(identifier, {
      masterUsername: username,
      masterPassword: secret.password.reveal(),
      allocatedStorage: inputs.allocatedStorage,
      engineVersion: record.EngineVersion ?? '',
    });
    // A server that was there already keeps the password of an earlier secret.
    await host.setMasterPassword(identifier, secret.password.reveal());
    return identifier;
  },

  async read(cloud, id, known) {
    const record = await describe(cloud, id);
    if (record === undefined) return undefined;
    const [server, secret] = await Promise.all([hostOf(cloud).find(id), findMasterSecret(cloud, id)]);
    if (server === undefined || secret === undefined) return undefined;
    const tags = tagMap(record.TagList);
    return {
      ...observed(record, known),
      identifier: id,
      manageMasterUserPassword: true,
      ...(secret.kmsKeyId === undefined ? {} : { masterUserSecretKmsKeyId: secret.kmsKeyId }),
      masterUserSecrets: [{ secretArn: secret.arn, kmsKeyId: secret.kmsKeyId ?? '', secretStatus: 'active' }],
      address: server.address,
      port: server.port,
      endpoint: `${server.address}:${server.port}`,
      hostedZoneId: record.Endpoint?.HostedZoneId ?? '',
      status: server.status,
      region: cloud.region,
      tags,
      tagsAll: tags,
    };
  },

  async update(cloud, id, wanted, changed, current) {
    const changes = parametersOf(wanted, changed);
    if (changed.has('enabledCloudwatchLogsExports')) {
      const [before, after] = [current.enabledCloudwatchLogsExports ?? [], wanted.enabledCloudwatchLogsExports ?? []];
      changes.CloudwatchLogsExportConfiguration = {
        EnableLogTypes: after.filter((type) => !before.includes(type)),
        DisableLogTypes: before.filter((type) => !after.includes(type)),
      };
    }
    if (Object.keys(changes).length > 0) {
      await cloud.rds.send(
        new ModifyDBInstanceCommand({
          ...changes,
          DBInstanceIdentifier: id,
          ApplyImmediately: wanted.applyImmediately ?? false,
          AllowMajorVersionUpgrade: wanted.allowMajorVersionUpgrade,
        }),
      );
    }
    if (changed.has('masterUserSecretKmsKeyId')) await rekeyMasterSecret(cloud, id, wanted.masterUserSecretKmsKeyId);
    if (changed.has('tags'))
      await retag(cloud, (await describe(cloud, id))?.DBInstanceArn ?? '', current.tags, wanted.tags);
  },

  async delete(cloud, id, known) {
    const record = await describe(cloud, id);
    if (record !== undefined) {
      await absentAsUndefined(
        cloud.rds.send(
          new DeleteDBInstanceCommand({
            DBInstanceIdentifier: id,
            SkipFinalSnapshot: known.skipFinalSnapshot ?? false,
            FinalDBSnapshotIdentifier: known.skipFinalSnapshot === true ? undefined : known.finalSnapshotIdentifier,
            DeleteAutomatedBackups: known.deleteAutomatedBackups ?? true,
          }),
        ),
      );
    }
    // Only when RDS agreed, which it does not under deletion protection.
    await hostOf(cloud).remove(id);
    await removeMasterSecret(cloud, id);
  },
};

function hostOf({ rdsHost }: AwsClients): RdsHost {
  if (rdsHost !== undefined) return rdsHost;
  throw new BulkheadError({
    code: 'no_rds_host',
    status: 500,
    publicMessage: 'There is no host for local database servers.',
    remediation:
      'Start the provider with BULKHEAD_LOCAL_RDS_URL and BULKHEAD_LOCAL_RDS_TOKEN, or use the official aws plugin.',
  });
}

async function describe({ rds }: AwsClients, identifier: string): Promise<DBInstance | undefined> {
  const answer = await absentAsUndefined(
    rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier })),
  );
  return answer?.DBInstances?.[0];
}

async function makeRecord(cloud: AwsClients, host: RdsHost, inputs: InstanceInputs): Promise<DBInstance> {
  if ((await host.find(inputs.identifier)) !== undefined) {
    // RDS's record is made before the server and removed before it: here the record was lost, and the data may be all
    // there is of a tenant.
    throw new BulkheadError({
      code: 'orphaned_server',
      status: 409,
      publicMessage: `A database server for ${inputs.identifier} exists, but RDS knows no such instance.`,
      remediation:
        'The emulator lost its state or a deletion was cut off: repeat the deletion, or reset the local stack.',
    });
  }
  try {
    return (await cloud.rds.send(createCommand(inputs))).DBInstance ?? {};
  } catch (error) {
    // Carried out although the answer was lost? Then the SDK's retry met "already exists".
    const record = await describe(cloud, inputs.identifier);
    const owner = tagMap(record?.TagList)[OWNERSHIP_TAG];
    if (record === undefined || owner === undefined || owner !== inputs.tags?.[OWNERSHIP_TAG]) throw error;
    return record;
  }
}

function createCommand(inputs: InstanceInputs): CreateDBInstanceCommand {
  return new CreateDBInstanceCommand({
    ...parametersOf(inputs, new Set(Object.keys(inputs))),
    DBInstanceIdentifier: inputs.identifier,
    DBInstanceClass: inputs.instanceClass,
    Engine: inputs.engine,
    MasterUsername: inputs.username,
    ManageMasterUserPassword: true,
    MasterUserSecretKmsKeyId: inputs.masterUserSecretKmsKeyId,
    DBName: inputs.dbName,
    StorageEncrypted: inputs.storageEncrypted,
    KmsKeyId: inputs.kmsKeyId,
    AvailabilityZone: inputs.availabilityZone,
    EnableCloudwatchLogsExports: inputs.enabledCloudwatchLogsExports,
    Tags: tagList(inputs.tags),
  });
}

function parametersOf(inputs: InstanceInputs, changed: ReadonlySet<string>): Partial<ModifyDBInstanceCommandInput> {
  const parameters: Record<string, Json> = {};
  for (const [property, name] of Object.entries(MODIFIABLE)) {
    if (!changed.has(property)) continue;
    const value = inputs[property as keyof typeof MODIFIABLE] ?? INSTANCE_RULES[property]?.fallback;
    if (value !== undefined) parameters[name] = value;
  }
  return parameters;
}

/** What the emulator's record tells, with the program's spelling of a version that matches it. */
function observed(record: DBInstance, known: Partial<InstanceInputs>): Properties {
  const actual = record.EngineVersion ?? '';
  const wanted = known.engineVersion;
  const given = wanted !== undefined && (actual === wanted || actual.startsWith(`${wanted}.`)) ? wanted : actual;
  const some = (values: Record<string, Json | undefined>): Properties =>
    Object.fromEntries(
      Object.entries(values).filter((entry): entry is [string, Json] => entry[1] !== undefined && entry[1] !== ''),
    );
  return some({
    arn: record.DBInstanceArn,
    resourceId: record.DbiResourceId,
    engine: record.Engine,
    engineVersion: given,
    engineVersionActual: actual,
    instanceClass: record.DBInstanceClass,
    allocatedStorage: record.AllocatedStorage,
    maxAllocatedStorage: record.MaxAllocatedStorage,
    storageType: record.StorageType,
    storageEncrypted: record.StorageEncrypted,
    kmsKeyId: record.KmsKeyId,
    username: record.MasterUsername,
    // The emulator invents a name where there is none.
    dbName: known.dbName,
    availabilityZone: record.AvailabilityZone,
    parameterGroupName: record.DBParameterGroups?.[0]?.DBParameterGroupName,
    dbSubnetGroupName: record.DBSubnetGroup?.DBSubnetGroupName,
    vpcSecurityGroupIds: record.VpcSecurityGroups?.map(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? ''),
    backupRetentionPeriod: record.BackupRetentionPeriod,
    backupWindow: record.PreferredBackupWindow,
    maintenanceWindow: record.PreferredMaintenanceWindow,
    multiAz: record.MultiAZ,
    copyTagsToSnapshot: record.CopyTagsToSnapshot,
    deletionProtection: record.DeletionProtection,
    publiclyAccessible: record.PubliclyAccessible,
    iamDatabaseAuthenticationEnabled: record.IAMDatabaseAuthenticationEnabled,
    monitoringInterval: record.MonitoringInterval,
    monitoringRoleArn: record.MonitoringRoleArn,
  });
}

async function retag(
  { rds }: AwsClients,
  ResourceName: string,
  before: Tags | undefined,
  after: Tags | undefined,
): Promise<void> {
  const { set, remove } = tagChanges(before, after);
  if (remove.length > 0) await rds.send(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: remove }));
  if (Object.keys(set).length > 0) await rds.send(new AddTagsToResourceCommand({ ResourceName, Tags: tagList(set) }));
}
