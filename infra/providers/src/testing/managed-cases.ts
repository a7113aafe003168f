import { CHANGED_TAGS, TAGS, type ResourceCase } from './resource-case.js';

const trust = (service: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });
const grant = (...actions: string[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: ['arn:aws:s3:::bh-1/*'] }],
  });

export const databaseCases: readonly ResourceCase[] = [
  {
    token: 'aws:rds/parameterGroup:ParameterGroup',
    before: {
      name: 'bh-group',
      family: 'postgres18',
      tags: TAGS,
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
      identifier: 'bh-instance',
      engine: 'postgres',
      engineVersion: '18',
      instanceClass: 'db.t4g.micro',
      allocatedStorage: 20,
      storageType: 'gp3',
      storageEncrypted: true,
      username: 'bulkhead_master',
      manageMasterUserPassword: true,
      backupRetentionPeriod: 7,
      copyTagsToSnapshot: true,
      skipFinalSnapshot: true,
      publiclyAccessible: false,
      enabledCloudwatchLogsExports: ['postgresql'],
      applyImmediately: true,
      tags: TAGS,
    },
    after: { backupRetentionPeriod: 14, instanceClass: 'db.t4g.small', tags: CHANGED_TAGS },
    replacing: { identifier: 'bh-instance-2', storageEncrypted: false, username: 'other' },
    outputs: [
      'address',
      'arn',
      'endpoint',
      'engineVersionActual',
      'masterUserSecrets',
      'port',
      'resourceId',
      'status',
      'tagsAll',
    ],
  },
  {
    token: 'aws:secretsmanager/secret:Secret',
    before: { name: 'bulkhead/bnd_1/serving', description: 'Serving login', recoveryWindowInDays: 30, tags: TAGS },
    after: { description: 'Serving login, changed', kmsKeyId: 'alias/aws/secretsmanager', tags: CHANGED_TAGS },
    replacing: { name: 'bulkhead/bnd_2/serving' },
    outputs: ['arn', 'tagsAll'],
  },
];

export const identityCases: readonly ResourceCase[] = [
  {
    token: 'aws:iam/role:Role',
    before: {
      name: 'bh-role',
      assumeRolePolicy: trust('backup.amazonaws.com'),
      description: 'one',
      maxSessionDuration: 3600,
      tags: TAGS,
    },
    after: {
      assumeRolePolicy: trust('rds.amazonaws.com'),
      description: 'two',
      maxSessionDuration: 7200,
      tags: CHANGED_TAGS,
    },
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
      await setup('aws:iam/role:Role', {
        name: 'bh-role-with-policy',
        assumeRolePolicy: trust('rds.amazonaws.com'),
        tags: TAGS,
      });
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

export const watchCases: readonly ResourceCase[] = [
  {
    token: 'aws:cloudwatch/metricAlarm:MetricAlarm',
    before: {
      name: 'bh-1-cpu',
      namespace: 'AWS/RDS',
      metricName: 'CPUUtilization',
      dimensions: { DBInstanceIdentifier: 'bh-1' },
      statistic: 'Average',
      period: 300,
      evaluationPeriods: 3,
      comparisonOperator: 'GreaterThanThreshold',
      threshold: 90,
      tags: TAGS,
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

export const backupCases: readonly ResourceCase[] = [
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
      name: 'bh-plan',
      tags: TAGS,
      rules: [
        {
          ruleName: 'daily',
          targetVaultName: 'bh-vault',
          schedule: 'cron(0 5 * * ? *)',
          lifecycle: { deleteAfter: 35 },
        },
      ],
    },
    after: {
      rules: [{ ruleName: 'daily', targetVaultName: 'bh-vault', lifecycle: { deleteAfter: 14 } }],
      tags: CHANGED_TAGS,
    },
    replacing: { name: 'bh-plan-2' },
    outputs: ['arn', 'version', 'tagsAll'],
  },
  {
    token: 'aws:backup/selection:Selection',
    before: {
      name: 'bh-selection',
      iamRoleArn: 'arn:aws:iam::000000000000:role/bh-backup',
      selectionTags: [{ type: 'STRINGEQUALS', key: 'bulkhead:id', value: 'bnd_1' }],
    },
    after: {},
    replacing: { name: 'bh-selection-2', resources: ['arn:aws:rds:us-east-1:000000000000:db:bh-1'] },
    outputs: [],
    importId: (id, { planId }) => `${planId as string}|${id}`,
    arrange: async (setup) => {
      const rules = [{ ruleName: 'daily', targetVaultName: 'bh-vault' }];
      const plan = await setup('aws:backup/plan:Plan', { name: 'bh-selecting', rules, tags: TAGS });
      return { planId: plan['id'] ?? '' };
    },
  },
];
