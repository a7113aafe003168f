import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { ownershipTags, type Ownership } from './ownership.js';
import { accountOf, policyDocument } from './policy-documents.js';
import { boundaryArn } from './tenant-boundary.js';

const MAX_SESSION_SECONDS = 3600;

export interface TenantAccessRoleArgs {
  readonly ownership: Ownership;
  readonly region: string;
  readonly roleName: string;
  /** The tenant's own key, or the cell's. */
  readonly keyArn: pulumi.Input<string>;
  /** A shared key may be used only through the services that hold the tenant's own resources. */
  readonly keyIsShared: boolean;
  readonly bucketArn?: pulumi.Input<string> | undefined;
  readonly queueArn?: pulumi.Input<string> | undefined;
  readonly servingSecretArn?: pulumi.Input<string> | undefined;
}

interface TenantArns {
  readonly keyArn: string;
  readonly bucketArn?: string | undefined;
  readonly queueArn?: string | undefined;
  readonly servingSecretArn?: string | undefined;
}

function tenantStatements(arns: TenantArns, keyIsShared: boolean, region: string): object[] {
  const allow = (sid: string, actions: string[], resources: string[], rest: object = {}) => ({
    Sid: sid,
    Effect: 'Allow',
    Action: actions,
    Resource: resources,
    ...rest,
  });
  const services = ['s3', 'sqs', 'secretsmanager'].map((service) => `${service}.${region}.amazonaws.com`);
  const statements = [
    allow(
      'UseKey',
      ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
      [arns.keyArn],
      keyIsShared ? { Condition: { StringEquals: { 'kms:ViaService': services } } } : {},
    ),
  ];
  if (arns.bucketArn !== undefined) {
    statements.push(allow('ListBucket', ['s3:ListBucket'], [arns.bucketArn]));
    statements.push(allow('UseObjects', ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], [`${arns.bucketArn}/*`]));
  }
  if (arns.queueArn !== undefined) {
    const actions = ['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes'];
    statements.push(
      allow(
        'UseQueue',
        actions.map((action) => `sqs:${action}`),
        [arns.queueArn],
      ),
    );
  }
  if (arns.servingSecretArn !== undefined) {
    statements.push(
      allow(
        'ReadServingLogin',
        ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
        [arns.servingSecretArn],
      ),
    );
  }
  return statements;
}

/** Who may take the role: principals of the account that name the stack, so that no service takes a role by mistake. */
function trust(account: string, ownership: Ownership): string {
  return policyDocument([
    {
      Sid: 'WorkloadOfTheAccount',
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:root` },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': ownership.id } },
    },
  ]);
}

/**
 * The role that the tenant's workload takes to reach its own dedicated resources and nothing else. The boundary of the
 * landing zone caps it: the landing zone of the region must exist first.
 */
export class TenantAccessRole extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: TenantAccessRoleArgs, options?: pulumi.ComponentResourceOptions) {
    super('bulkhead:components:TenantAccessRole', name, {}, options);
    const arns = pulumi.output({
      keyArn: args.keyArn,
      bucketArn: args.bucketArn,
      queueArn: args.queueArn,
      servingSecretArn: args.servingSecretArn,
    });
    const account = arns.apply(({ keyArn }) => accountOf(keyArn));
    const role = new aws.iam.Role(
      `${name}-role`,
      {
        name: args.roleName,
        description: `Workload access to ${args.ownership.id}`,
        assumeRolePolicy: account.apply((id) => trust(id, args.ownership)),
        permissionsBoundary: account.apply((id) => boundaryArn(id, args.region)),
        maxSessionDuration: MAX_SESSION_SECONDS,
        tags: ownershipTags(args.ownership),
      },
      { parent: this },
    );
    new aws.iam.RolePolicy(
      `${name}-role-policy`,
      {
        role: role.name,
        name: 'own-resources',
        policy: arns.apply((known) => policyDocument(tenantStatements(known, args.keyIsShared, args.region))),
      },
      { parent: this },
    );
    this.arn = role.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
