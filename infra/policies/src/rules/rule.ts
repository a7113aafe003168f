/** A resource as the rules see it: what the program declared, after the provider's checks. */
export interface CheckedResource {
  readonly urn: string;
  readonly type: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
}

export interface RuleContext {
  /** Operation that answers for the loss of the stack's state; absent as long as the stack is to stay. */
  readonly discardedBy?: string | undefined;
}

interface Described {
  /** Stable id: it is what a violation names. */
  readonly id: string;
  readonly description: string;
  /** Safeguards of the HIPAA Security Rule (45 CFR part 164) that the rule gives evidence for. */
  readonly hipaa: readonly string[];
}

/** A rule on one resource, checked before the resource is made or changed. Says what is wrong, if anything. */
export interface ResourceRule extends Described {
  check(resource: CheckedResource, context: RuleContext): string | undefined;
}

/** A rule on how resources belong together, checked when all of the stack is known. */
export interface StackRule extends Described {
  check(resources: readonly CheckedResource[]): readonly { readonly urn: string; readonly problem: string }[];
}

/** Type tokens of the resources that rules name. */
export const TYPES = {
  alias: 'aws:kms/alias:Alias',
  alarm: 'aws:cloudwatch/metricAlarm:MetricAlarm',
  bucket: 'aws:s3/bucket:Bucket',
  bucketEncryption: 'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  bucketLifecycle: 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
  bucketLock: 'aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration',
  bucketOwnership: 'aws:s3/bucketOwnershipControls:BucketOwnershipControls',
  bucketPolicy: 'aws:s3/bucketPolicy:BucketPolicy',
  bucketVersioning: 'aws:s3/bucketVersioning:BucketVersioning',
  database: 'aws:rds/instance:Instance',
  iamPolicy: 'aws:iam/policy:Policy',
  key: 'aws:kms/key:Key',
  logGroup: 'aws:cloudwatch/logGroup:LogGroup',
  parameterGroup: 'aws:rds/parameterGroup:ParameterGroup',
  publicAccessBlock: 'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock',
  queue: 'aws:sqs/queue:Queue',
  queuePolicy: 'aws:sqs/queuePolicy:QueuePolicy',
  registration: 'bulkhead:pool:Registration',
  role: 'aws:iam/role:Role',
  rolePolicy: 'aws:iam/rolePolicy:RolePolicy',
  secret: 'aws:secretsmanager/secret:Secret',
  tenantDatabase: 'bulkhead:postgres:TenantDatabase',
} as const;

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
