import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  NoSuchResourceException,
  type ServiceQuota,
  type ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type { CloudQuota } from '@bulkhead/domain';
import type { QuotaSource } from './quota-source.js';

/** Codes of AWS Service Quotas (`aws service-quotas list-aws-default-service-quotas --service-code …`). */
const CODES: Readonly<
  Record<CloudQuota, { readonly ServiceCode: string; readonly QuotaCode: string; readonly global: boolean }>
> = {
  'rds-instances': { ServiceCode: 'rds', QuotaCode: 'L-7B6409FD', global: false },
  's3-buckets': { ServiceCode: 's3', QuotaCode: 'L-DC2B2D3D', global: true },
  'kms-keys': { ServiceCode: 'kms', QuotaCode: 'L-C2F1777E', global: false },
  'iam-roles': { ServiceCode: 'iam', QuotaCode: 'L-FE177D64', global: true },
};

/**
 * The account's own limits, as AWS Service Quotas states them; its default where the account never asked for another.
 * @param regional client of the region; @param global client of us-east-1, which alone knows quotas of the whole account.
 */
export function serviceQuotas(regional: ServiceQuotasClient, global: ServiceQuotasClient): QuotaSource {
  return {
    name: 'service-quotas',
    async limit(quota) {
      const { global: isGlobal, ...code } = CODES[quota];
      const stated = await stating(isGlobal ? global : regional, code);
      return stated?.Value === undefined ? null : Math.floor(stated.Value);
    },
  };
}

async function stating(
  client: ServiceQuotasClient,
  code: { readonly ServiceCode: string; readonly QuotaCode: string },
): Promise<ServiceQuota | undefined> {
  try {
    return (await client.send(new GetServiceQuotaCommand(code))).Quota;
  } catch (error) {
    if (!(error instanceof NoSuchResourceException)) throw error;
  }
  try {
    return (await client.send(new GetAWSDefaultServiceQuotaCommand(code))).Quota;
  } catch (error) {
    if (error instanceof NoSuchResourceException) return undefined;
    throw error;
  }
}
