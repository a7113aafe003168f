import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { BindingId, CellId } from '@bulkhead/kernel';
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
  readonly deadLetterQueueArn?: pulumi.Input<string> | undefined;
  readonly servingSecretArn?: pulumi.Input<string> | undefined;
  /** Cell or binding under whose name the tenants' own secrets lie: `bulkhead/<id>/tenant/…`. */
  readonly secretsOf?: CellId | BindingId | undefined;
}

/** What the policy of an access role is about. */
export interface AccessArns {
  readonly keyArn: string;
  readonly bucketArn?: string | undefined;
  readonly queueArn?: string | undefined;
  readonly deadLetterQueueArn?: string | undefined;
  readonly servingSecretArn?: string | undefined;
  readonly secretsOf?: CellId | BindingId | undefined;
}

/** The policy of an access role: what a session of it may be narrowed to, and never more than the boundary allows. */
export function accessPolicy(arns: AccessArns, keyIsShared: boolean, region: string): string {
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
        [arns.queueArn, ...(arns.deadLetterQueueArn === undefined ? [] : [arns.deadLetterQueueArn])],
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
  if (arns.secretsOf !== undefined) {
    const resource = `arn:aws:secretsmanager:${region}:${accountOf(arns.keyArn)}:secret:bulkhead/${arns.secretsOf}/tenant/*`;
    statements.push(allow('ReadTenantSecrets', ['secretsmanager:GetSecretValue'], [resource]));
  }
  return policyDocument(statements);
}

/** Who may take the role: principals of the account that name the stack, so that no service takes a role by mistake. */
export function accessTrust(account: string, ownership: Pick<Ownership, 'id'>): string {
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
 * The role that a workload takes to reach a tenant's dedicated resources, or those of a cell, and nothing else. A session
 * of a cell's role is narrowed to one tenant by its session policy (@bulkhead/tenancy). The boundary of the
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
      deadLetterQueueArn: args.deadLetterQueueArn,
      servingSecretArn: args.servingSecretArn,
      secretsOf: args.secretsOf,
    });
    const account = arns.apply(({ keyArn }) => accountOf(keyArn));
    const role = new aws.iam.Role(
      `${name}-role`,
      {
        name: args.roleName,
        description: `Workload access to ${args.ownership.id}`,
        assumeRolePolicy: account.apply((id) => accessTrust(id, args.ownership)),
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
        policy: arns.apply((known) => accessPolicy(known, args.keyIsShared, args.region)),
      },
      { parent: this },
    );
    this.arn = role.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
