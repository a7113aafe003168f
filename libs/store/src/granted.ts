import { dateOf, deriveEntitlements, type PlanTemplate } from '@bulkhead/domain';
import type { TenantId } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';
import { PlanEntity } from './entities/catalog.entity.js';
import { EntitlementEntity, TenantEntity } from './entities/tenant.entity.js';

/**
 * Gives a tenant what its plan's version holds, no more and no less, as it is while the tenant is active; until then
 * its state keeps everybody out.
 * @returns the features' names.
 */
export async function grantPlan(manager: EntityManager, tenantId: TenantId): Promise<string[]> {
  const {
    planName: name,
    planVersion: version,
    quantity,
  } = await manager.findOneByOrFail(TenantEntity, { id: tenantId });
  const { spec } = await manager.findOneByOrFail(PlanEntity, { name, version });
  const granted = deriveEntitlements({
    plan: spec as PlanTemplate,
    quantity,
    state: 'active',
    today: dateOf(new Date()),
  });
  const rows = granted.map((entitlement) => ({
    tenantId,
    feature: entitlement.feature,
    kind: entitlement.kind,
    ceiling: entitlement.kind === 'quota' ? String(entitlement.ceiling) : null,
    source: `${entitlement.source}:${name}@${version}`,
  }));
  await manager.delete(EntitlementEntity, { tenantId });
  await manager.insert(EntitlementEntity, rows);
  return rows.map(({ feature }) => feature);
}
