import { guardedBucket, TenantBoundary, TenantKey, type Ownership } from '@bulkhead/components';
import { stackName, type LandingZoneSpec } from '@bulkhead/domain';
import * as pulumi from '@pulumi/pulumi';

/** Six years: how long HIPAA keeps documentation of its safeguards (45 CFR 164.316(b)(2)(i)), leap days included. */
const LOG_DAYS = 2192;
/** A replaced log object is kept as long as it takes to notice. */
const REPLACED_OBJECT_DAYS = 90;

export interface LandingZoneOutputs {
  readonly auditBucket: string;
  readonly logBucket: string;
  readonly keyArn: string;
  /** Permission boundary that every tenant role of the region carries. */
  readonly boundaryArn: string;
}

class AuditStorage extends pulumi.ComponentResource {
  readonly auditBucket: pulumi.Output<string>;
  readonly logBucket: pulumi.Output<string>;

  constructor(name: string, spec: LandingZoneSpec, ownership: Ownership, keyArn: pulumi.Input<string>) {
    super('bulkhead:components:AuditStorage', name);
    const shared = { ownership, keyArn };
    this.auditBucket = guardedBucket(this, 'audit', {
      ...shared,
      bucket: spec.auditBucket,
      objectVersionDays: spec.auditLockDays,
      lockDays: spec.auditLockDays,
    }).bucket;
    this.logBucket = guardedBucket(this, 'logs', {
      ...shared,
      bucket: spec.logBucket,
      objectVersionDays: REPLACED_OBJECT_DAYS,
      expiryDays: LOG_DAYS,
    }).bucket;
    this.registerOutputs({ auditBucket: this.auditBucket, logBucket: this.logBucket });
  }
}

/**
 * What an account needs before the first cell: the bucket of signed audit checkpoints that nobody can delete from,
 * the log bucket, their key, and the permission boundary of tenant roles.
 */
export function landingZone(spec: LandingZoneSpec): {
  readonly [Field in keyof LandingZoneOutputs]: pulumi.Output<LandingZoneOutputs[Field]>;
} {
  const stack = stackName({ program: 'landing-zone', spec });
  const ownership: Ownership = { id: `landing-zone.${spec.region}`, stack };
  const key = new TenantKey('key', { ownership, aliasName: `alias/bulkhead/landing-zone-${spec.region}` });
  const storage = new AuditStorage('audit-storage', spec, ownership, key.keyArn);
  const boundary = new TenantBoundary('boundary', { ownership, region: spec.region });
  return {
    auditBucket: storage.auditBucket,
    logBucket: storage.logBucket,
    keyArn: key.keyArn,
    boundaryArn: boundary.arn,
  };
}
