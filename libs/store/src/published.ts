import type { EligibilityTemplate, PlanTemplate, PriceTableTemplate, TierTemplate } from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';
import { PlanEntity, TierEntity } from './entities/catalog.entity.js';
import { EligibilityPolicyEntity, PriceTableEntity } from './entities/sales.entity.js';

interface Published {
  readonly tier: TierTemplate;
  readonly plan: PlanTemplate;
  readonly eligibility: EligibilityTemplate;
  readonly prices: PriceTableTemplate;
}

const ENTITIES = {
  tier: TierEntity,
  plan: PlanEntity,
  eligibility: EligibilityPolicyEntity,
  prices: PriceTableEntity,
} as const;

/** Newest published version of every name, sorted by name. */
export async function newestPublished<K extends keyof Published>(
  manager: EntityManager,
  kind: K,
): Promise<Published[K][]> {
  const rows = await manager.find(ENTITIES[kind], { order: { name: 'ASC', version: 'DESC' } });
  return rows.filter((row, index) => rows[index - 1]?.name !== row.name).map(({ spec }) => spec as Published[K]);
}

/**
 * The rules by which own layers are given: what was published last.
 * @throws BulkheadError `eligibility_policy_missing` (409).
 */
export async function eligibilityPolicy(manager: EntityManager): Promise<EligibilityTemplate> {
  const found = await publishedLast(manager, EligibilityPolicyEntity);
  if (found) return found as EligibilityTemplate;
  throw missing('eligibility_policy_missing', 'eligibility policy', 'eligibility');
}

/**
 * The prices by which costs are estimated: what was published last.
 * @throws BulkheadError `price_table_missing` (409).
 */
export async function priceTable(manager: EntityManager): Promise<PriceTableTemplate> {
  const found = await publishedLast(manager, PriceTableEntity);
  if (found) return found as PriceTableTemplate;
  throw missing('price_table_missing', 'price table', 'prices');
}

async function publishedLast(
  manager: EntityManager,
  entity: typeof EligibilityPolicyEntity | typeof PriceTableEntity,
): Promise<object | undefined> {
  const [row] = await manager.find(entity, { order: { publishedAt: 'DESC', version: 'DESC', name: 'ASC' }, take: 1 });
  return row?.spec;
}

function missing(code: string, what: string, folder: string): BulkheadError {
  return new BulkheadError({
    code,
    status: 409,
    publicMessage: `No ${what} has been published, so nothing can be quoted.`,
    remediation: `Put one into tenant-templates/${folder} and start the worker: it publishes what is new.`,
  });
}
