import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { ownershipTags, type Discardable, type Ownership } from './ownership.js';

/** Waiting period before KMS destroys a key, days (KMS allows 7–30): the longest, unless the loss is answered for. */
const DELETION_WINDOW_DAYS = { kept: 30, discarded: 7 } as const;

export interface TenantKeyArgs extends Discardable {
  readonly ownership: Ownership;
  /** Full alias, `alias/…`. */
  readonly aliasName: string;
}

/** A customer key of KMS with yearly rotation, found by its alias. Its key policy is KMS's default: IAM decides. */
export class TenantKey extends pulumi.ComponentResource {
  readonly keyArn: pulumi.Output<string>;
  readonly alias: pulumi.Output<string>;

  constructor(name: string, args: TenantKeyArgs, options?: pulumi.ComponentResourceOptions) {
    super('bulkhead:components:TenantKey', name, {}, options);
    const key = new aws.kms.Key(
      `${name}-key`,
      {
        description: `Bulkhead ${args.ownership.id}`,
        enableKeyRotation: true,
        deletionWindowInDays: args.discardedBy ? DELETION_WINDOW_DAYS.discarded : DELETION_WINDOW_DAYS.kept,
        tags: ownershipTags(args.ownership),
      },
      { parent: this, protect: args.discardedBy === undefined },
    );
    const alias = new aws.kms.Alias(
      `${name}-alias`,
      { name: args.aliasName, targetKeyId: key.keyId },
      { parent: this },
    );
    this.keyArn = key.arn;
    this.alias = alias.name;
    this.registerOutputs({ keyArn: this.keyArn, alias: this.alias });
  }
}
