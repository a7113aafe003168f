import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import type { Dependencies } from '@bulkhead/activities';
import { RecordCloudQuotas, WORKER, type ObservedQuotas } from '@bulkhead/control';
import { CLOUD_QUOTAS } from '@bulkhead/domain';
import { AWS_TIME_LIMITS } from '@bulkhead/kernel';
import { countUsed, declaredQuotas, serviceQuotas, type QuotaSource } from '@bulkhead/planes';
import type { WorkerConfig } from './config.js';

/** Who is asked for the account's limits: AWS, unless the configuration declares them. Null: nobody, behind an emulator. */
export function quotaSource({
  BULKHEAD_CLOUD_QUOTAS: declared,
  BULKHEAD_REGION: region,
  AWS_ENDPOINT_URL: endpoint,
}: Pick<WorkerConfig, 'BULKHEAD_CLOUD_QUOTAS' | 'BULKHEAD_REGION' | 'AWS_ENDPOINT_URL'>): QuotaSource | null {
  if (declared !== undefined) return declaredQuotas(declared);
  if (endpoint !== undefined) return null;
  const clientOf = (where: string) => new ServiceQuotasClient({ region: where, requestHandler: AWS_TIME_LIMITS });
  return serviceQuotas(clientOf(region), clientOf('us-east-1'));
}

/**
 * Looks at what the account limits and uses, so that nothing is promised that it has no room for. A quota that the source
 * does not know is left out.
 * @returns how many quotas were looked at.
 */
export async function observeQuotas(
  source: QuotaSource | null,
  { gate, inventory, region }: Pick<Dependencies, 'gate' | 'inventory' | 'region'>,
): Promise<number> {
  if (source === null) return 0;
  const quotas: ObservedQuotas['quotas'][number][] = [];
  for (const quota of CLOUD_QUOTAS) {
    const limit = await source.limit(quota);
    if (limit !== null) quotas.push({ quota, limit, used: await countUsed(inventory, quota) });
  }
  if (quotas.length > 0)
    await gate.execute(new RecordCloudQuotas({ region, source: source.name, quotas }), { principal: WORKER });
  return quotas.length;
}
