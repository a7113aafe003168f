import type { ModifyDBInstanceCommandInput } from '@aws-sdk/client-rds';
import type { Rules } from '../protocol/resource-type.js';
import type { Json } from '../protocol/values.js';
import { TAGS, type Tags } from './tags.js';

/** Input properties that are parameters of ModifyDBInstance, with RDS's names. */
export const MODIFIABLE = {
  instanceClass: 'DBInstanceClass',
  allocatedStorage: 'AllocatedStorage',
  maxAllocatedStorage: 'MaxAllocatedStorage',
  storageType: 'StorageType',
  engineVersion: 'EngineVersion',
  parameterGroupName: 'DBParameterGroupName',
  dbSubnetGroupName: 'DBSubnetGroupName',
  vpcSecurityGroupIds: 'VpcSecurityGroupIds',
  backupRetentionPeriod: 'BackupRetentionPeriod',
  backupWindow: 'PreferredBackupWindow',
  maintenanceWindow: 'PreferredMaintenanceWindow',
  multiAz: 'MultiAZ',
  autoMinorVersionUpgrade: 'AutoMinorVersionUpgrade',
  copyTagsToSnapshot: 'CopyTagsToSnapshot',
  deletionProtection: 'DeletionProtection',
  publiclyAccessible: 'PubliclyAccessible',
  caCertIdentifier: 'CACertificateIdentifier',
  iamDatabaseAuthenticationEnabled: 'EnableIAMDatabaseAuthentication',
  monitoringInterval: 'MonitoringInterval',
  monitoringRoleArn: 'MonitoringRoleArn',
  performanceInsightsEnabled: 'EnablePerformanceInsights',
  performanceInsightsKmsKeyId: 'PerformanceInsightsKMSKeyId',
  performanceInsightsRetentionPeriod: 'PerformanceInsightsRetentionPeriod',
} as const satisfies Record<string, keyof ModifyDBInstanceCommandInput>;

export interface InstanceInputs extends Partial<Record<keyof typeof MODIFIABLE, Json>> {
  readonly identifier: string;
  readonly instanceClass: string;
  readonly allocatedStorage: number;
  readonly engine: string;
  readonly engineVersion?: string;
  readonly username: string;
  readonly manageMasterUserPassword: boolean;
  readonly masterUserSecretKmsKeyId?: string;
  readonly dbName?: string;
  readonly kmsKeyId?: string;
  readonly storageEncrypted?: boolean;
  readonly availabilityZone?: string;
  readonly enabledCloudwatchLogsExports?: string[];
  readonly applyImmediately?: boolean;
  readonly allowMajorVersionUpgrade?: boolean;
  readonly skipFinalSnapshot?: boolean;
  readonly finalSnapshotIdentifier?: string;
  readonly deleteAutomatedBackups?: boolean;
  readonly masterUserSecrets?: readonly { readonly secretArn?: string }[];
  readonly tags?: Tags;
}

/**
 * terraform-provider-aws, internal/service/rds/instance.go `resourceInstance`. The emulator does not keep what is
 * marked unobserved besides the properties that only steer the provider.
 */
export const INSTANCE_RULES: Rules = {
  identifier: { required: true, replaces: true },
  engine: { required: true, replaces: true },
  engineVersion: { computed: true },
  instanceClass: { required: true },
  allocatedStorage: { required: true },
  maxAllocatedStorage: { fallback: 0 },
  storageType: { computed: true },
  storageEncrypted: { fallback: false, replaces: true },
  kmsKeyId: { computed: true, replaces: true },
  username: { required: true, replaces: true },
  dbName: { computed: true, replaces: true },
  manageMasterUserPassword: { required: true },
  masterUserSecretKmsKeyId: { computed: true },
  availabilityZone: { computed: true, replaces: true },
  parameterGroupName: { computed: true },
  dbSubnetGroupName: { computed: true },
  vpcSecurityGroupIds: { computed: true, compareAs: 'set' },
  backupRetentionPeriod: { computed: true },
  backupWindow: { computed: true },
  maintenanceWindow: { computed: true },
  multiAz: { computed: true },
  autoMinorVersionUpgrade: { fallback: true, unobserved: true },
  copyTagsToSnapshot: { fallback: false },
  deletionProtection: { fallback: false },
  publiclyAccessible: { fallback: false },
  caCertIdentifier: { computed: true, unobserved: true },
  iamDatabaseAuthenticationEnabled: { fallback: false },
  enabledCloudwatchLogsExports: { compareAs: 'set', unobserved: true },
  monitoringInterval: { fallback: 0 },
  monitoringRoleArn: { computed: true },
  performanceInsightsEnabled: { fallback: false, unobserved: true },
  performanceInsightsKmsKeyId: { computed: true, unobserved: true },
  performanceInsightsRetentionPeriod: { computed: true, unobserved: true },
  applyImmediately: { fallback: false, unobserved: true },
  allowMajorVersionUpgrade: { unobserved: true },
  skipFinalSnapshot: { fallback: false, unobserved: true },
  finalSnapshotIdentifier: { unobserved: true },
  deleteAutomatedBackups: { fallback: true, unobserved: true },
  region: { computed: true, replaces: true },
  tags: TAGS,
};
