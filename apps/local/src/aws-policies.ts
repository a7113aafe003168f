/** IAM users of the control plane and its isolation proofs, of the workload's services and queue consumers, and of what
 * migrates its databases. */
export const AWS_USERS = [
  'bulkhead-provisioner',
  'bulkhead-worker',
  'bulkhead-prover',
  'bulkhead-workload',
  'bulkhead-consumer',
  'bulkhead-migrator',
] as const;
export type AwsUser = (typeof AWS_USERS)[number];

/** What the names of the landing zones' buckets begin with. */
export const BUCKET_PREFIX = 'bulkhead';

/** Bucket of a region's signed audit checkpoints, under Object Lock; made by the landing zone, which names it so. */
export function auditBucket(region: string): string {
  return `${BUCKET_PREFIX}-audit-${region}`;
}

interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

function allow(Sid: string, service: string, names: string, Resource: readonly string[]): Statement {
  const Action = names.split(/\s+/).map((name) => `${service}:${name}`);
  return { Sid, Effect: 'Allow', Action, Resource };
}

const ANY = ['*'];

// Physical names are made from bindings and cells (bh-…, bulkhead/…). Where a statement says ANY, either AWS itself
// knows no narrower resource or one without a name of ours (KMS keys, backup plans), or the emulator judges the action
// by "*" (RDS groups, iam:CreatePolicy).
function provisionerStatements(account: string, region: string): Statement[] {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
  const iam = (kind: string) => ['bh-*', 'bulkhead-*'].map((name) => `arn:aws:iam::${account}:${kind}/${name}`);
  const secrets = ['secret:bulkhead/*', 'secret:rds!*'].map((resource) => arn('secretsmanager', resource));
  const buckets = ['bh-*', `${BUCKET_PREFIX}-*`].map((name) => `arn:aws:s3:::${name}`);
  return [
    allow('Databases', 'rds', 'CreateDBInstance ModifyDBInstance DeleteDBInstance CreateDBSnapshot', [
      arn('rds', 'db:bh-*'),
    ]),
    allow(
      'DatabaseGroups',
      'rds',
      `CreateDBParameterGroup ModifyDBParameterGroup ResetDBParameterGroup DeleteDBParameterGroup
       CreateDBSubnetGroup ModifyDBSubnetGroup DeleteDBSubnetGroup AddTagsToResource RemoveTagsFromResource
       ListTagsForResource DescribeDB*`,
      ANY,
    ),
    allow('Buckets', 's3', '*', buckets),
    allow('ListBuckets', 's3', 'ListAllMyBuckets', ANY),
    allow(
      'Keys',
      'kms',
      `CreateKey DescribeKey ListKeys GetKeyPolicy PutKeyPolicy EnableKey DisableKey UpdateKeyDescription
       EnableKeyRotation DisableKeyRotation GetKeyRotationStatus ListResourceTags TagResource UntagResource
       ScheduleKeyDeletion CancelKeyDeletion ListAliases CreateAlias UpdateAlias DeleteAlias
       GenerateDataKeyWithoutPlaintext GenerateDataKey Encrypt Decrypt CreateGrant`,
      ANY,
    ),
    allow('Queues', 'sqs', '*', [arn('sqs', 'bh-*')]),
    allow('ListQueues', 'sqs', 'ListQueues', ANY),
    allow('Secrets', 'secretsmanager', '*', secrets),
    allow('ListSecrets', 'secretsmanager', 'ListSecrets', ANY),
    allow(
      'Roles',
      'iam',
      `CreateRole GetRole UpdateRole DeleteRole UpdateAssumeRolePolicy TagRole UntagRole ListRoleTags PassRole
       PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies ListAttachedRolePolicies
       AttachRolePolicy DetachRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary`,
      iam('role'),
    ),
    allow(
      'Boundaries',
      'iam',
      'GetPolicy GetPolicyVersion ListPolicyVersions CreatePolicyVersion DeletePolicyVersion DeletePolicy TagPolicy UntagPolicy ListPolicyTags',
      iam('policy'),
    ),
    allow('NewBoundaries', 'iam', 'CreatePolicy', ANY),
    allow(
      'Alarms',
      'cloudwatch',
      'PutMetricAlarm DeleteAlarms DescribeAlarms TagResource UntagResource ListTagsForResource',
      ANY,
    ),
    allow(
      'Logs',
      'logs',
      `CreateLogGroup DeleteLogGroup DescribeLogGroups PutRetentionPolicy DeleteRetentionPolicy AssociateKmsKey
       DisassociateKmsKey TagResource UntagResource ListTagsForResource`,
      ANY,
    ),
    allow(
      'Backups',
      'backup',
      `CreateBackupVault DescribeBackupVault DeleteBackupVault CreateBackupPlan GetBackupPlan UpdateBackupPlan
       DeleteBackupPlan CreateBackupSelection GetBackupSelection DeleteBackupSelection ListBackup* TagResource
       UntagResource ListTags`,
      ANY,
    ),
    allow('Identity', 'sts', 'GetCallerIdentity', ANY),
    // Neither the stack's own users nor what limits them.
    {
      Sid: 'NoUsers',
      Effect: 'Deny',
      Action: ['iam:*User*', 'iam:*AccessKey*', 'iam:*Group*', 'iam:*LoginProfile*'],
      Resource: ANY,
    },
  ];
}

// Activities look, use keys and secrets and anchor the audit log; they create nothing. What they delete is what no
// placement owns, after two people have said so (libs/planes/src/inventory); only things with names of ours.
function workerStatements(account: string, region: string): Statement[] {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;
  const audit = `arn:aws:s3:::${auditBucket(region)}`;
  const secrets = ['secret:bulkhead/*', 'secret:rds!*'].map((resource) => arn('secretsmanager', resource));
  return [
    allow('LookAtDatabases', 'rds', 'DescribeDB* ListTagsForResource', ANY),
    allow(
      'LookAtKeys',
      'kms',
      'DescribeKey ListKeys ListAliases GetKeyRotationStatus ListResourceTags GetKeyPolicy',
      ANY,
    ),
    allow('LookAtQueues', 'sqs', 'ListQueues GetQueueAttributes GetQueueUrl ListQueueTags', ANY),
    allow(
      'LookAtBuckets',
      's3',
      'ListAllMyBuckets ListBucket GetBucket* GetEncryptionConfiguration GetLifecycleConfiguration',
      ANY,
    ),
    allow('LookAtRoles', 'iam', 'GetRole ListRolePolicies GetRolePolicy ListAttachedRolePolicies', [
      `arn:aws:iam::${account}:role/bh-*`,
    ]),
    allow('LookAtPolicies', 'iam', 'GetPolicy GetPolicyVersion', [`arn:aws:iam::${account}:policy/*`]),
    allow('LookAtAlarms', 'cloudwatch', 'DescribeAlarms GetMetricData', ANY),
    allow('LookAtBackups', 'backup', 'List* Get* Describe*', ANY),
    allow('Identity', 'sts', 'GetCallerIdentity', ANY),
    allow('UseKeys', 'kms', 'GenerateDataKey GenerateDataKeyWithoutPlaintext Encrypt Decrypt', [arn('kms', 'key/*')]),
    allow('ReadSecrets', 'secretsmanager', 'GetSecretValue DescribeSecret GetResourcePolicy', secrets),
    allow('ListSecrets', 'secretsmanager', 'ListSecrets', ANY),
    allow('AnchorAudit', 's3', 'PutObject PutObjectRetention GetObject GetObjectVersion GetObjectRetention', [
      `${audit}/*`,
    ]),
    allow('ReadAudit', 's3', 'ListBucketVersions GetBucketObjectLockConfiguration', [audit]),
    allow('ListRoles', 'iam', 'ListRoles ListRoleTags', ANY),
    allow('RemoveOrphanBuckets', 's3', 'DeleteBucket', ['arn:aws:s3:::bh-*']),
    allow('RemoveOrphanQueues', 'sqs', 'DeleteQueue', [arn('sqs', 'bh-*')]),
    allow('RemoveOrphanKeys', 'kms', 'ScheduleKeyDeletion', [arn('kms', 'key/*')]),
    allow('RemoveOrphanSecrets', 'secretsmanager', 'DeleteSecret', [arn('secretsmanager', 'secret:bulkhead/*')]),
    allow('RemoveOrphanDatabases', 'rds', 'DeleteDBInstance CreateDBSnapshot', [arn('rds', 'db:bh-*')]),
    allow(
      'RemoveOrphanRoles',
      'iam',
      'DeleteRole DeleteRolePolicy DetachRolePolicy ListRolePolicies ListAttachedRolePolicies',
      [`arn:aws:iam::${account}:role/bh-*`],
    ),
  ];
}

// The proof takes cells' roles only, of which its tenants are; it has no logins to databases. Roles of cells and stacks
// are named alike, but each trusts only whoever names its id: who names none gets none. (The emulator does not show the id
// to policies of identities, so there the trust alone decides.)
function proverStatements(account: string): Statement[] {
  const roles = allow('TakeRolesOfCells', 'sts', 'AssumeRole', [`arn:aws:iam::${account}:role/bh-*`]);
  return [{ ...roles, Condition: { StringLikeIfExists: { 'sts:ExternalId': 'cel_*' } } }];
}

// Whatever a service does with a tenant's data it does in a session for that tenant. Of itself it may only take the roles
// of cells and stacks, and read its logins to their databases, which open nothing without a signed context.
function workloadStatements(account: string, region: string): Statement[] {
  return [
    allow('TakeAccessRoles', 'sts', 'AssumeRole', [`arn:aws:iam::${account}:role/bh-*`]),
    allow('ReadServingLogins', 'secretsmanager', 'GetSecretValue', [
      `arn:aws:secretsmanager:${region}:${account}:secret:bulkhead/*/serving-*`,
    ]),
  ];
}

// A service that works on the queue also logs in as the consumer of each database, which a service for requests cannot.
function consumerStatements(account: string, region: string): Statement[] {
  return [
    ...workloadStatements(account, region),
    allow('ReadConsumerLogins', 'secretsmanager', 'GetSecretValue', [
      `arn:aws:secretsmanager:${region}:${account}:secret:bulkhead/*/consumer-*`,
    ]),
  ];
}

// It logs in as the migrator of each database, which no service can.
function migratorStatements(account: string, region: string): Statement[] {
  return [
    allow('ReadMigratorLogins', 'secretsmanager', 'GetSecretValue', [
      `arn:aws:secretsmanager:${region}:${account}:secret:bulkhead/*/migrator-*`,
    ]),
  ];
}

const STATEMENTS: Record<AwsUser, (account: string, region: string) => Statement[]> = {
  'bulkhead-provisioner': provisionerStatements,
  'bulkhead-worker': workerStatements,
  'bulkhead-prover': proverStatements,
  'bulkhead-workload': workloadStatements,
  'bulkhead-consumer': consumerStatements,
  'bulkhead-migrator': migratorStatements,
};

/** The inline policy of a user as IAM's JSON. */
export function policyDocument(user: AwsUser, account: string, region: string): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: STATEMENTS[user](account, region) });
}
