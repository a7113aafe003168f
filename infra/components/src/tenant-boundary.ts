import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { ownershipTags, type Ownership } from './ownership.js';
import { policyDocument } from './policy-documents.js';

/** Name of the permission boundary that every tenant role of a region carries. IAM names are global, hence the region. */
export function boundaryName(region: string): string {
  return `bulkhead-tenant-boundary-${region}`;
}

/** ARN of {@link boundaryName} in an account. */
export function boundaryArn(account: string, region: string): string {
  return `arn:aws:iam::${account}:policy/${boundaryName(region)}`;
}

/**
 * The most that any tenant role may ever do, whatever its own policy says: use data of things that Bulkhead named,
 * in one region, and never manage anything.
 */
export function boundaryDocument(region: string): string {
  return policyDocument([
    {
      Sid: 'UseTenantData',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:ListBucket'],
      Resource: ['arn:aws:s3:::bh-*', 'arn:aws:s3:::bh-*/*'],
    },
    {
      Sid: 'UseTenantQueues',
      Effect: 'Allow',
      Action: [
        'sqs:SendMessage',
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:ChangeMessageVisibility',
        'sqs:GetQueueAttributes',
        'sqs:GetQueueUrl',
      ],
      Resource: `arn:aws:sqs:${region}:*:bh-*`,
    },
    {
      Sid: 'UseKeys',
      Effect: 'Allow',
      Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
      Resource: `arn:aws:kms:${region}:*:key/*`,
    },
    {
      Sid: 'ReadServingLogins',
      Effect: 'Allow',
      Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
      Resource: ['serving-*', 'tenant/*'].map((name) => `arn:aws:secretsmanager:${region}:*:secret:bulkhead/*/${name}`),
    },
  ]);
}

export interface TenantBoundaryArgs {
  readonly ownership: Ownership;
  readonly region: string;
}

/** The permission boundary of a region, as an IAM policy. */
export class TenantBoundary extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: TenantBoundaryArgs, options?: pulumi.ComponentResourceOptions) {
    super('bulkhead:components:TenantBoundary', name, {}, options);
    const policy = new aws.iam.Policy(
      `${name}-policy`,
      {
        name: boundaryName(args.region),
        description: 'Permission boundary of tenant roles',
        policy: boundaryDocument(args.region),
        tags: ownershipTags(args.ownership),
      },
      { parent: this },
    );
    this.arn = policy.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
