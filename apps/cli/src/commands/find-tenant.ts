import { paginate, type BulkheadClient, type TenantPreview, type TenantView } from '@bulkhead/client';
import { time, version, type Shape } from '../output/print.js';
import { usageError } from '../usage-error.js';

export const PREVIEW: Shape<TenantPreview>['columns'] = {
  SLUG: ({ slug }) => slug,
  NAME: ({ name }) => name,
  REGION: ({ region }) => region,
  TIER: ({ tier }) => version(tier),
  PLAN: ({ plan }) => version(plan),
  QUANTITY: ({ quantity }) => quantity,
  STATE: ({ state }) => state,
};

export const TENANT: Shape<TenantView> = {
  name: ({ id }) => id,
  columns: { ID: ({ id }) => id, ...PREVIEW, CREATED: ({ createdAt }) => time(createdAt) },
};

/**
 * The id of what is named by id or slug. An id is taken as it is: whoever uses it may not be allowed to look tenants up.
 * @throws BulkheadError `tenant_not_found`
 */
export async function findTenantId(client: BulkheadClient, idOrSlug: string): Promise<string> {
  return idOrSlug.startsWith('ten_') ? idOrSlug : (await findTenant(client, idOrSlug)).id;
}

/** By id, or by slug. @throws BulkheadError `tenant_not_found` */
export async function findTenant(client: BulkheadClient, idOrSlug: string): Promise<TenantView> {
  if (idOrSlug.startsWith('ten_')) return await client.getTenant({ path: { id: idOrSlug } });
  for await (const tenant of paginate((page) => client.listTenants({ query: { q: idOrSlug, ...page } })))
    if (tenant.slug === idOrSlug) return tenant;
  throw usageError(
    'tenant_not_found',
    `There is no tenant with the slug "${idOrSlug}".`,
    'Look for it: bulkhead tenants list --search …',
  );
}
