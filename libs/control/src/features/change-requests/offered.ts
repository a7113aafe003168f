import type { PlanTemplate, TierTemplate } from '@bulkhead/domain';
import type { Offered, QuotedOffer } from '@bulkhead/domain/change-requests';
import { PlanEntity, TierEntity, type QuoteEntity } from '@bulkhead/store';
import type { EntityManager } from 'typeorm';

/** Both sides of a quote with their published templates, by the versions that were quoted. */
export async function loadOffered(
  manager: EntityManager,
  { document: { from, to } }: QuoteEntity,
): Promise<{ from: Offered; to: Offered }> {
  return { from: await offeredOf(manager, from), to: await offeredOf(manager, to) };
}

async function offeredOf(manager: EntityManager, { tier, plan, quantity }: QuotedOffer): Promise<Offered> {
  const { spec: tierSpec } = await manager.findOneByOrFail(TierEntity, { name: tier.name, version: tier.version });
  const { spec: planSpec } = await manager.findOneByOrFail(PlanEntity, { name: plan.name, version: plan.version });
  return { tier: tierSpec as TierTemplate, plan: planSpec as PlanTemplate, quantity };
}
