import type { Properties } from '../protocol/values.js';

/** Makes a resource that a case needs and returns its outputs, with its `id`. */
export type Setup = (token: string, inputs: Properties) => Promise<Properties>;

/** What the contract test does with one resource type. */
export interface ResourceCase {
  readonly token: string;
  readonly before: Properties;
  /** Changes that are made in place. */
  readonly after: Properties;
  /** Changes that need a new resource. */
  readonly replacing: Properties;
  readonly outputs: readonly string[];
  /** What a bucket goes back to where AWS knows no removal of a setting. */
  readonly leaves?: Properties;
  /** Id by which the resource is imported, where that is not its id. */
  readonly importId?: (id: string, inputs: Properties) => string;
  /** Makes what the resource needs and returns inputs that name it. */
  readonly arrange?: (setup: Setup) => Promise<Properties>;
}

const TAGS = { 'bulkhead:id': 'bnd_1' };
const CHANGED_TAGS = { ...TAGS, purpose: 'changed' };
let buckets = 0;

async function bucket(setup: Setup, extra: Properties = {}): Promise<Properties> {
  const made = await setup('aws:s3/bucket:Bucket', { bucket: `bh-setting-${++buckets}`, tags: TAGS, ...extra });
  return { bucket: made['bucket'] ?? '' };
}

const keyCases: readonly ResourceCase[] = [
  {
    token: 'aws:kms/key:Key',
    before: { description: 'Bulkhead bnd_1', enableKeyRotation: true, deletionWindowInDays: 7, tags: TAGS },
    after: { description: 'Bulkhead bnd_1 changed', enableKeyRotation: false, isEnabled: false, tags: CHANGED_TAGS },
    replacing: { keyUsage: 'SIGN_VERIFY' },
    outputs: ['arn', 'keyId', 'tagsAll', 'policy'],
  },
  {
    token: 'aws:kms/alias:Alias',
    before: { name: 'alias/bulkhead/bnd_1' },
    after: {},
    replacing: { name: 'alias/bulkhead/bnd_2' },
    outputs: ['arn', 'targetKeyArn'],
    arrange: async (setup) => {
      const key = await setup('aws:kms/key:Key', { description: 'for an alias', tags: TAGS });
      return { targetKeyId: key['keyId'] ?? '' };
    },
  },
];

const bucketCases: readonly ResourceCase[] = [
  {
    token: 'aws:s3/bucket:Bucket',
    before: { bucket: 'bh-1', forceDestroy: true, tags: TAGS },
    after: { tags: CHANGED_TAGS },
    replacing: { bucket: 'bh-2' },
    outputs: ['arn', 'bucketDomainName', 'bucketRegionalDomainName', 'tagsAll'],
  },
  {
    token: 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
    before: { blockPublicAcls: true, blockPublicPolicy: true },
    after: { ignorePublicAcls: true, restrictPublicBuckets: true },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
    before: { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms' }, bucketKeyEnabled: true }] },
    after: { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms' }, bucketKeyEnabled: false }] },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    leaves: { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256', kmsMasterKeyId: '' }, bucketKeyEnabled: false }] },
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketVersioning:BucketVersioning',
    before: { versioningConfiguration: { status: 'Enabled' } },
    after: { versioningConfiguration: { status: 'Suspended' } },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    leaves: { versioningConfiguration: { status: 'Suspended' } },
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
    before: {
      rules: [
        {
          id: 'retention', status: 'Enabled', filter: { prefix: '' }, noncurrentVersionExpiration: { noncurrentDays: 30 },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
      ],
    },
    after: { rules: [{ id: 'retention', status: 'Enabled', expiration: { days: 90 } }] },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketPolicy:BucketPolicy',
    before: { policy: denial('s3:GetObject') },
    after: { policy: denial('s3:PutObject') },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    arrange: bucket,
  },
  {
    token: 'aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration',
    before: { rule: { defaultRetention: { mode: 'COMPLIANCE', days: 1 } } },
    after: { rule: { defaultRetention: { mode: 'GOVERNANCE', days: 2 } } },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    leaves: { objectLockEnabled: 'Enabled' },
    arrange: (setup) => bucket(setup, { objectLockEnabled: true }),
  },
  {
    token: 'aws:s3/bucketOwnershipControls:BucketOwnershipControls',
    before: { rule: { objectOwnership: 'BucketOwnerEnforced' } },
    after: { rule: { objectOwnership: 'BucketOwnerPreferred' } },
    replacing: { bucket: 'bh-2' },
    outputs: [],
    arrange: bucket,
  },
];

/** A policy that forbids one action on everything of a bucket that does not exist; S3 takes any resource here. */
function denial(action: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'DenyPlainHttp', Effect: 'Deny', Principal: '*', Action: action, Resource: ['arn:aws:s3:::bh-setting-*/*'],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  });
}

const queueCases: readonly ResourceCase[] = [
  {
    token: 'aws:sqs/queue:Queue',
    before: {
      name: 'bh-1', kmsMasterKeyId: 'alias/aws/sqs', messageRetentionSeconds: 1_209_600, tags: TAGS,
      redrivePolicy: JSON.stringify({ maxReceiveCount: 5, deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:bh-1-dlq' }),
    },
    after: { visibilityTimeoutSeconds: 60, delaySeconds: 1, tags: CHANGED_TAGS },
    replacing: { name: 'bh-2', fifoQueue: true },
    outputs: ['arn', 'url', 'tagsAll'],
    arrange: async (setup) => {
      await setup('aws:sqs/queue:Queue', { name: 'bh-1-dlq', tags: TAGS });
      return {};
    },
  },
  {
    token: 'aws:sqs/queuePolicy:QueuePolicy',
    before: { policy: queueDenial('sqs:SendMessage') },
    after: { policy: queueDenial('sqs:ReceiveMessage') },
    replacing: { queueUrl: 'http://127.0.0.1/000000000000/other' },
    outputs: [],
    arrange: async (setup) => {
      const queue = await setup('aws:sqs/queue:Queue', { name: 'bh-policy', tags: TAGS });
      return { queueUrl: queue['url'] ?? '' };
    },
  },
];

function queueDenial(action: string): string {
  const statement = { Effect: 'Deny', Principal: '*', Action: action, Resource: ['arn:aws:sqs:us-east-1:000000000000:bh-policy'] };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}

const trust = (service: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });
const grant = (...actions: string[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: ['arn:aws:s3:::bh-1/*'] }] });

const databaseCases: readonly ResourceCase[] = [
  {
    token: 'aws:rds/parameterGroup:ParameterGroup',
    before: {
      name: 'bh-group', family: 'postgres18', tags: TAGS,
      parameters: [
        { name: 'rds.force_ssl', value: '1', applyMethod: 'immediate' },
        { name: 'log_statement', value: 'none' },
      ],
    },
    after: { parameters: [{ name: 'log_statement', value: 'ddl' }], tags: CHANGED_TAGS },
    replacing: { name: 'bh-group-2', family: 'postgres17' },
    outputs: ['arn', 'tagsAll'],
  },
  {
    token: 'aws:rds/subnetGroup:SubnetGroup',
    before: { name: 'bh-subnets', subnetIds: ['subnet-00000001', 'subnet-00000002'], tags: TAGS },
    after: { description: 'private', tags: CHANGED_TAGS },
    replacing: { name: 'bh-subnets-2' },
    outputs: ['arn', 'vpcId', 'supportedNetworkTypes', 'tagsAll'],
  },
  {
    token: 'aws:rds/instance:Instance',
    before: {
      identifier: 'bh-instance', engine: 'postgres', engineVersion: '18', instanceClass: 'db.t4g.micro', allocatedStorage: 20,
      storageType: 'gp3', storageEncrypted: true, username: 'bulkhead_master', manageMasterUserPassword: true,
      backupRetentionPeriod: 7, copyTagsToSnapshot: true, skipFinalSnapshot: true, publiclyAccessible: false,
      enabledCloudwatchLogsExports: ['postgresql'], applyImmediately: true, tags: TAGS,
    },
    after: { backupRetentionPeriod: 14, instanceClass: 'db.t4g.small', tags: CHANGED_TAGS },
    replacing: { identifier: 'bh-instance-2', storageEncrypted: false, username: 'other' },
    outputs: ['address', 'arn', 'endpoint', 'engineVersionActual', 'masterUserSecrets', 'port', 'resourceId', 'status', 'tagsAll'],
  },
  {
    token: 'aws:secretsmanager/secret:Secret',
    before: { name: 'bulkhead/bnd_1/serving', description: 'Serving login', recoveryWindowInDays: 30, tags: TAGS },
    after: { description: 'Serving login, changed', kmsKeyId: 'alias/aws/secretsmanager', tags: CHANGED_TAGS },
    replacing: { name: 'bulkhead/bnd_2/serving' },
    outputs: ['arn', 'tagsAll'],
  },
];

const identityCases: readonly ResourceCase[] = [
  {
    token: 'aws:iam/role:Role',
    before: { name: 'bh-role', assumeRolePolicy: trust('backup.amazonaws.com'), description: 'one', maxSessionDuration: 3600, tags: TAGS },
    after: { assumeRolePolicy: trust('rds.amazonaws.com'), description: 'two', maxSessionDuration: 7200, tags: CHANGED_TAGS },
    replacing: { name: 'bh-role-2', path: '/other/' },
    outputs: ['arn', 'uniqueId', 'createDate', 'tagsAll'],
  },
  {
    token: 'aws:iam/rolePolicy:RolePolicy',
    before: { name: 'own-resources', policy: grant('s3:GetObject', 's3:PutObject') },
    after: { policy: grant('s3:GetObject') },
    replacing: { name: 'other' },
    outputs: [],
    arrange: async (setup) => {
      await setup('aws:iam/role:Role', { name: 'bh-role-with-policy', assumeRolePolicy: trust('rds.amazonaws.com'), tags: TAGS });
      return { role: 'bh-role-with-policy' };
    },
  },
  {
    token: 'aws:iam/policy:Policy',
    before: { name: 'bulkhead-boundary', description: 'boundary', policy: grant('s3:GetObject'), tags: TAGS },
    after: { policy: grant('s3:PutObject'), tags: CHANGED_TAGS },
    replacing: { name: 'bulkhead-boundary-2', description: 'other' },
    outputs: ['arn', 'policyId', 'attachmentCount', 'tagsAll'],
  },
];

const watchCases: readonly ResourceCase[] = [
  {
    token: 'aws:cloudwatch/metricAlarm:MetricAlarm',
    before: {
      name: 'bh-1-cpu', namespace: 'AWS/RDS', metricName: 'CPUUtilization', dimensions: { DBInstanceIdentifier: 'bh-1' },
      statistic: 'Average', period: 300, evaluationPeriods: 3, comparisonOperator: 'GreaterThanThreshold', threshold: 90, tags: TAGS,
    },
    after: { threshold: 80, treatMissingData: 'breaching', tags: CHANGED_TAGS },
    replacing: { name: 'bh-2-cpu' },
    outputs: ['arn', 'tagsAll'],
  },
  {
    token: 'aws:cloudwatch/logGroup:LogGroup',
    before: { name: '/aws/rds/instance/bh-1/postgresql', retentionInDays: 30, tags: TAGS },
    after: { retentionInDays: 90, tags: CHANGED_TAGS },
    replacing: { name: '/aws/rds/instance/bh-2/postgresql' },
    outputs: ['arn', 'tagsAll'],
  },
];

const backupCases: readonly ResourceCase[] = [
  {
    token: 'aws:backup/vault:Vault',
    before: { name: 'bh-vault', tags: TAGS },
    after: { tags: CHANGED_TAGS },
    replacing: { name: 'bh-vault-2' },
    outputs: ['arn', 'recoveryPoints', 'tagsAll'],
  },
  {
    token: 'aws:backup/plan:Plan',
    before: {
      name: 'bh-plan', tags: TAGS,
      rules: [{ ruleName: 'daily', targetVaultName: 'bh-vault', schedule: 'cron(0 5 * * ? *)', lifecycle: { deleteAfter: 35 } }],
    },
    after: { rules: [{ ruleName: 'daily', targetVaultName: 'bh-vault', lifecycle: { deleteAfter: 14 } }], tags: CHANGED_TAGS },
    replacing: { name: 'bh-plan-2' },
    outputs: ['arn', 'version', 'tagsAll'],
  },
  {
    token: 'aws:backup/selection:Selection',
    before: {
      name: 'bh-selection', iamRoleArn: 'arn:aws:iam::000000000000:role/bh-backup',
      selectionTags: [{ type: 'STRINGEQUALS', key: 'bulkhead:id', value: 'bnd_1' }],
    },
    after: {},
    replacing: { name: 'bh-selection-2', resources: ['arn:aws:rds:us-east-1:000000000000:db:bh-1'] },
    outputs: [],
    importId: (id, { planId }) => `${String(planId)}|${id}`,
    arrange: async (setup) => {
      const rules = [{ ruleName: 'daily', targetVaultName: 'bh-vault' }];
      const plan = await setup('aws:backup/plan:Plan', { name: 'bh-selecting', rules, tags: TAGS });
      return { planId: plan['id'] ?? '' };
    },
  },
];

export const resourceCases: readonly ResourceCase[] = [
  ...keyCases, ...bucketCases, ...queueCases, ...databaseCases, ...identityCases, ...watchCases, ...backupCases,
];
