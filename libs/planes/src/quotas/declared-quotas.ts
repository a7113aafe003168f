import { CLOUD_QUOTAS, type CloudQuota } from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';
import type { QuotaSource } from './quota-source.js';

/**
 * Limits that the configuration declares, for where AWS cannot be asked: `rds-instances=40,s3-buckets=100`.
 * @throws BulkheadError `invalid_configuration` (500) for another word or number.
 */
export function declaredQuotas(text: string): QuotaSource {
  const limits = new Map(text.split(',').map((entry) => entryOf(entry.trim())));
  return { name: 'declared', limit: (quota) => Promise.resolve(limits.get(quota) ?? null) };
}

function entryOf(entry: string): [CloudQuota, number] {
  const [, name, number] = /^([a-z0-9-]+)=(\d{1,9})$/.exec(entry) ?? [];
  const quota = CLOUD_QUOTAS.find((known) => known === name);
  if (quota !== undefined) return [quota, Number(number)];
  throw new BulkheadError({
    code: 'invalid_configuration',
    status: 500,
    publicMessage: `"${entry}" declares no cloud quota.`,
    remediation: `Write quotas as rds-instances=40,s3-buckets=100; known are ${CLOUD_QUOTAS.join(', ')}.`,
  });
}
