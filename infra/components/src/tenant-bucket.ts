import * as pulumi from '@pulumi/pulumi';
import { guardedBucket, type GuardedBucketArgs } from './guarded-bucket.js';

/** Object storage of one tenant, or of the tenants of one cell. Backup policy: versions, kept `objectVersionDays`. */
export class TenantBucket extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: GuardedBucketArgs, options?: pulumi.ComponentResourceOptions) {
    super('bulkhead:components:TenantBucket', name, {}, options);
    const bucket = guardedBucket(this, name, args);
    this.bucket = bucket.bucket;
    this.arn = bucket.arn;
    this.registerOutputs({ bucket: this.bucket, arn: this.arn });
  }
}
