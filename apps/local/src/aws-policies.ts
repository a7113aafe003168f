/** IAM users of the control plane. */
export const AWS_USERS = ['bulkhead-provisioner', 'bulkhead-worker'] as const;
export type AwsUser = (typeof AWS_USERS)[number];

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

/** What the names of the landing zones' buckets begin with. */
export const BUCKET_PREFIX = 'bulkhead';

/** Bucket of a region's signed audit checkpoints, under Object Lock; made by the landing zone, which names it so. */
export function auditBucket(region: string): string {
  return `${BUCKET_PREFIX}-audit-${region}`;
}

function actions(service: string, ...names: string[]): string[] {
  return names.map((name) => `${service}:${name}`);
}

// Physical names are made from bindings (bh-…, bulkhead/bnd_…); the resources of services that name things themselves
// (KMS keys, network parts, backup plans) cannot be told apart by name.
function provisionerStatements(account: string, region: string): Statement[] {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
  const allow = (Sid: string, Action: string[], Resource: string[]): Statement => ({
    Sid,
    Effect: 'Allow',
    Action,
    Resource,
  });
  return [
    allow(
      'Databases',
      actions('rds', '*'),
      ['db', 'subgrp', 'pg', 'snapshot'].map((kind) => arn('rds', `${kind}:bh-*`)),
    ),
    allow('DescribeDatabases', actions('rds', 'Describe*', 'ListTagsForResource'), ['*']),
    allow(
      'Network',
      actions(
        'ec2',
        'Describe*',
        'CreateVpc',
        'DeleteVpc',
        'ModifyVpcAttribute',
        'CreateSubnet',
        'DeleteSubnet',
        'CreateSecurityGroup',
        'DeleteSecurityGroup',
        'AuthorizeSecurityGroupIngress',
        'RevokeSecurityGroupIngress',
        'AuthorizeSecurityGroupEgress',
        'RevokeSecurityGroupEgress',
        'CreateTags',
        'DeleteTags',
      ),
      ['*'],
    ),
    allow('Buckets', actions('s3', '*'), ['arn:aws:s3:::bh-*', `arn:aws:s3:::${BUCKET_PREFIX}-*`]),
    allow('ListBuckets', actions('s3', 'ListAllMyBuckets'), ['*']),
    allow(
      'Keys',
      actions(
        'kms',
        'CreateKey',
        'DescribeKey',
        'ListKeys',
        'ListAliases',
        'GetKeyPolicy',
        'PutKeyPolicy',
        'EnableKeyRotation',
        'DisableKeyRotation',
        'GetKeyRotationStatus',
        'ListResourceTags',
        'TagResource',
        'UntagResource',
        'EnableKey',
        'DisableKey',
        'UpdateKeyDescription',
        'ScheduleKeyDeletion',
        'CancelKeyDeletion',
        'CreateAlias',
        'DeleteAlias',
        'UpdateAlias',
        'GenerateDataKeyWithoutPlaintext',
        'GenerateDataKey',
        'Encrypt',
        'Decrypt',
      ),
      ['*'],
    ),
    allow('Queues', actions('sqs', '*'), [arn('sqs', 'bh-*')]),
    allow('ListQueues', actions('sqs', 'ListQueues'), ['*']),
    // RDS makes and names the master's secret itself (manageMasterUserPassword).
    allow('Secrets', actions('secretsmanager', '*'), [
      arn('secretsmanager', 'secret:bulkhead/*'),
      arn('secretsmanager', 'secret:rds!*'),
    ]),
    allow('ListSecrets', actions('secretsmanager', 'ListSecrets', 'GetRandomPassword'), ['*']),
    allow(
      'Roles',
      actions(
        'iam',
        'CreateRole',
        'GetRole',
        'DeleteRole',
        'UpdateRole',
        'UpdateAssumeRolePolicy',
        'TagRole',
        'UntagRole',
        'ListRoleTags',
        'PutRolePolicy',
        'GetRolePolicy',
        'DeleteRolePolicy',
        'ListRolePolicies',
        'ListAttachedRolePolicies',
        'AttachRolePolicy',
        'DetachRolePolicy',
        'PutRolePermissionsBoundary',
        'ListInstanceProfilesForRole',
        'PassRole',
      ),
      [`arn:aws:iam::${account}:role/bh-*`, `arn:aws:iam::${account}:role/bulkhead-*`],
    ),
    allow(
      'Boundaries',
      actions(
        'iam',
        'CreatePolicy',
        'GetPolicy',
        'GetPolicyVersion',
        'DeletePolicy',
        'ListPolicyVersions',
        'CreatePolicyVersion',
        'DeletePolicyVersion',
        'TagPolicy',
        'UntagPolicy',
        'ListPolicyTags',
      ),
      [`arn:aws:iam::${account}:policy/bh-*`, `arn:aws:iam::${account}:policy/bulkhead-*`],
    ),
    allow(
      'Alarms',
      actions(
        'cloudwatch',
        'PutMetricAlarm',
        'DeleteAlarms',
        'DescribeAlarms',
        'TagResource',
        'UntagResource',
        'ListTagsForResource',
      ),
      ['*'],
    ),
    allow(
      'Logs',
      actions(
        'logs',
        'CreateLogGroup',
        'DeleteLogGroup',
        'DescribeLogGroups',
        'PutRetentionPolicy',
        'DeleteRetentionPolicy',
        'AssociateKmsKey',
        'DisassociateKmsKey',
        'TagResource',
        'UntagResource',
        'ListTagsForResource',
        'TagLogGroup',
        'ListTagsLogGroup',
      ),
      ['*'],
    ),
    allow(
      'Backups',
      actions(
        'backup',
        'CreateBackupVault',
        'DeleteBackupVault',
        'DescribeBackupVault',
        'CreateBackupPlan',
        'GetBackupPlan',
        'UpdateBackupPlan',
        'DeleteBackupPlan',
        'CreateBackupSelection',
        'GetBackupSelection',
        'DeleteBackupSelection',
        'ListBackup*',
        'TagResource',
        'UntagResource',
        'ListTags',
        'PutBackupVaultLockConfiguration',
      ),
      ['*'],
    ),
    allow('Identity', actions('sts', 'GetCallerIdentity'), ['*']),
    // Neither the stack's own users nor what limits them.
    {
      Sid: 'NoUsers',
      Effect: 'Deny',
      Action: actions('iam', '*User*', '*AccessKey*', '*Group*', '*LoginProfile*'),
      Resource: ['*'],
    },
  ];
}

// Activities look, use keys and secrets and anchor the audit log; they create nothing.
function workerStatements(account: string, region: string): Statement[] {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
  const allow = (Sid: string, Action: string[], Resource: string[]): Statement => ({
    Sid,
    Effect: 'Allow',
    Action,
    Resource,
  });
  return [
    allow(
      'Look',
      [
        ...actions('rds', 'Describe*', 'ListTagsForResource'),
        ...actions('kms', 'DescribeKey', 'ListKeys', 'ListAliases', 'GetKeyRotationStatus', 'ListResourceTags'),
        ...actions('sqs', 'ListQueues', 'GetQueueAttributes', 'GetQueueUrl', 'ListQueueTags'),
        ...actions(
          's3',
          'ListAllMyBuckets',
          'GetBucket*',
          'ListBucket',
          'GetEncryptionConfiguration',
          'GetLifecycleConfiguration',
        ),
        ...actions('secretsmanager', 'ListSecrets'),
        ...actions('cloudwatch', 'DescribeAlarms', 'GetMetricData'),
        ...actions('backup', 'List*', 'Get*', 'Describe*'),
        ...actions('sts', 'GetCallerIdentity'),
      ],
      ['*'],
    ),
    allow('UseKeys', actions('kms', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'Decrypt', 'Encrypt'), [
      arn('kms', 'key/*'),
    ]),
    allow('ReadSecrets', actions('secretsmanager', 'GetSecretValue', 'DescribeSecret'), [
      arn('secretsmanager', 'secret:bulkhead/*'),
      arn('secretsmanager', 'secret:rds!*'),
    ]),
    allow('WriteServingSecrets', actions('secretsmanager', 'PutSecretValue'), [
      arn('secretsmanager', 'secret:bulkhead/*'),
    ]),
    allow(
      'AnchorAudit',
      actions(
        's3',
        'PutObject',
        'GetObject',
        'GetObjectRetention',
        'GetObjectVersion',
        'ListBucket',
        'ListBucketVersions',
      ),
      [`arn:aws:s3:::${auditBucket(region)}`, `arn:aws:s3:::${auditBucket(region)}/*`],
    ),
  ];
}

/** The inline policy of a user as IAM's JSON. */
export function policyDocument(user: AwsUser, account: string, region: string): string {
  const statements =
    user === 'bulkhead-worker' ? workerStatements(account, region) : provisionerStatements(account, region);
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}
