import type { Region } from '@bulkhead/domain';

/** Bucket names belong to all of AWS, so an installation brings a prefix of its own. */
export class BucketNames {
  constructor(private readonly prefix: string) {}

  of(region: Region): { auditBucket: string; logBucket: string } {
    return { auditBucket: `${this.prefix}-audit-${region}`, logBucket: `${this.prefix}-logs-${region}` };
  }
}
