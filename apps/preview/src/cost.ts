import {
  LAYERS,
  money,
  tierCost,
  type DedicatedTenantSpec,
  type Money,
  type PriceTableTemplate,
  type ProgramRequest,
} from '@bulkhead/domain';
import { BulkheadError } from '@bulkhead/kernel';

/**
 * By how much the estimated cost of a tenant's layers changes in a month; undefined where the table prices nothing of
 * the stack. What is not dedicated is shared, and costs its share.
 */
export function monthlyDifference(
  table: PriceTableTemplate | undefined,
  before: ProgramRequest | undefined,
  after: ProgramRequest | null,
): Money | undefined {
  if (!table) return undefined;
  try {
    const [earlier, later] = [costOf(table, before), costOf(table, after ?? undefined)];
    if (earlier === undefined && later === undefined) return undefined;
    const region = specOf(before)?.region ?? specOf(after ?? undefined)?.region;
    const shared = region === undefined ? 0 : sharedCost(table, region);
    return money((later ?? shared) - (earlier ?? shared), table.currency);
  } catch (error) {
    // The table lacks an instance class or a region: no figure is better than a wrong one.
    if (error instanceof BulkheadError && error.code === 'price_missing') return undefined;
    throw error;
  }
}

function specOf(request: ProgramRequest | undefined): DedicatedTenantSpec | undefined {
  return request?.program === 'dedicated-tenant' ? request.spec : undefined;
}

function costOf(table: PriceTableTemplate, request: ProgramRequest | undefined): number | undefined {
  const spec = specOf(request);
  if (!spec) return undefined;
  const layers = Object.fromEntries(
    LAYERS.map((layer) => [layer, spec[layer] ? ('dedicated' as const) : ('shared' as const)]),
  ) as Parameters<typeof tierCost>[1]['layers'];
  const tier = { layers, ...(spec.database && { database: spec.database }) };
  return tierCost(table, tier, spec.region).monthly.amountMinor;
}

function sharedCost(table: PriceTableTemplate, region: DedicatedTenantSpec['region']): number {
  const layers = { database: 'shared', storage: 'shared', key: 'shared', queue: 'shared' } as const;
  return tierCost(table, { layers }, region).monthly.amountMinor;
}
