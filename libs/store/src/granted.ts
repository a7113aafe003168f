import { dateOf, deriveEntitlements, type EntitlementOverride, type PlanTemplate } from '@bulkhead/domain';
import type { TenantId } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';
import { PlanEntity, PlanModuleEntity, PlanQuotaEntity } from './entities/catalog.entity.js';
import { EntitlementEntity, EntitlementOverrideEntity, TenantEntity } from './entities/tenant.entity.js';

/**
 * Gives a tenant what its plan's version and its overrides make, no more and no less, as it is while the tenant is
 * active; until then its state keeps everybody out.
 * @returns the features' names.
 */
export async function grantPlan(manager: EntityManager, tenantId: TenantId): Promise<string[]> {
  const {
    planName: name,
    planVersion: version,
    quantity,
  } = await manager.findOneByOrFail(TenantEntity, { id: tenantId });
  const granted = deriveEntitlements({
    plan: await planOf(manager, name, version),
    quantity,
    state: 'active',
    overrides: await overridesOf(manager, tenantId),
    today: dateOf(new Date()),
  });
  const rows = granted.map((entitlement) => ({
    tenantId,
    feature: entitlement.feature,
    kind: entitlement.kind,
    ceiling: entitlement.kind === 'quota' ? String(entitlement.ceiling) : null,
    source: entitlement.source === 'plan' ? `plan:${name}@${version}` : 'override',
  }));
  await manager.delete(EntitlementEntity, { tenantId });
  await manager.insert(EntitlementEntity, rows);
  return rows.map(({ feature }) => feature);
}

async function planOf(
  manager: EntityManager,
  name: string,
  version: number,
): Promise<Pick<PlanTemplate, 'modules' | 'quotas' | 'price'>> {
  const { spec } = await manager.findOneByOrFail(PlanEntity, { name, version });
  const part = { planName: name, planVersion: version };
  const modules = await manager.findBy(PlanModuleEntity, part);
  const quotas = await manager.findBy(PlanQuotaEntity, part);
  return {
    modules: modules.map(({ module }) => module),
    quotas: Object.fromEntries(quotas.map(({ quota, ceiling }) => [quota, Number(ceiling)])),
    price: (spec as PlanTemplate).price,
  };
}

async function overridesOf(manager: EntityManager, tenantId: TenantId): Promise<EntitlementOverride[]> {
  const rows = await manager.findBy(EntitlementOverrideEntity, { tenantId });
  return rows.map(({ feature, kind, granted, ceiling }) =>
    kind === 'module' ? { kind, feature, granted: granted === true } : { kind, feature, ceiling: Number(ceiling) },
  );
}
