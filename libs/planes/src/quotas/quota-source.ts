import type { CloudQuota } from '@bulkhead/domain';

/** Where the limits of the cloud account are known from. */
export interface QuotaSource {
  readonly name: 'service-quotas' | 'declared';
  /** How many there may be in the account and region; null when the source does not know that quota. */
  limit(quota: CloudQuota): Promise<number | null>;
}
