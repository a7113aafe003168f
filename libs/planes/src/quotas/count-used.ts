import { paginateListRoles } from '@aws-sdk/client-iam';
import { paginateListAliases, paginateListKeys } from '@aws-sdk/client-kms';
import { paginateDescribeDBInstances } from '@aws-sdk/client-rds';
import { paginateListBuckets } from '@aws-sdk/client-s3';
import type { CloudQuota } from '@bulkhead/domain';
import type { InventoryClients } from '../inventory/cloud-listing.js';

/** How many there are in the account and region, whoever made them. */
export async function countUsed(clients: InventoryClients, quota: CloudQuota): Promise<number> {
  return COUNTS[quota](clients);
}

const COUNTS: Readonly<Record<CloudQuota, (clients: InventoryClients) => Promise<number>>> = {
  'rds-instances': ({ rds: client }) =>
    count(paginateDescribeDBInstances({ client }, {}), ({ DBInstances }) => DBInstances),
  's3-buckets': ({ s3: client }) =>
    count(paginateListBuckets({ client, pageSize: 1000 }, {}), ({ Buckets }) => Buckets),
  async 'kms-keys'({ kms: client }) {
    const keys = await count(paginateListKeys({ client }, {}), ({ Keys }) => Keys);
    // AWS's own keys do not count; each that is in use has an alias that says so.
    const managed = await count(paginateListAliases({ client }, {}), ({ Aliases }) =>
      Aliases?.filter(({ AliasName, TargetKeyId }) => AliasName?.startsWith('alias/aws/') && TargetKeyId),
    );
    return Math.max(0, keys - managed);
  },
  'iam-roles': ({ iam: client }) => count(paginateListRoles({ client }, {}), ({ Roles }) => Roles),
};

async function count<T>(pages: AsyncIterable<T>, items: (page: T) => readonly unknown[] | undefined): Promise<number> {
  let sum = 0;
  for await (const page of pages) sum += items(page)?.length ?? 0;
  return sum;
}
