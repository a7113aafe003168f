import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import { IsNull, type EntityManager } from 'typeorm';
import { LegalHoldEntity } from './entities/sales.entity.js';
import type { TenantEntity } from './entities/tenant.entity.js';
import { loadTenant, refuseIfHandedOver } from './tenants.js';

/**
 * The one door to everything that destroys: loads the tenant, locked, and refuses while anybody needs what it has.
 * Every command that takes something of a tenant away for good begins with it.
 * @throws BulkheadError `legal_hold` (409) while a hold is in force, `tenant_handed_over` (409) for a live tenant.
 */
export async function loadForDestruction(manager: EntityManager, tenantId: TenantId): Promise<TenantEntity> {
  const tenant = await loadTenant(manager, tenantId, { locked: true });
  await refuseIfHeld(manager, tenantId);
  refuseIfHandedOver(tenant);
  return tenant;
}

/** @throws BulkheadError `legal_hold` (409) naming the matters. */
export async function refuseIfHeld(manager: EntityManager, tenantId: TenantId): Promise<void> {
  const holds = await manager.findBy(LegalHoldEntity, { tenantId, releasedAt: IsNull() });
  if (holds.length === 0) return;
  throw new BulkheadError({
    code: 'legal_hold',
    status: 409,
    publicMessage: `The tenant is under legal hold (${holds.map(({ matter }) => matter).join(', ')}): nothing of it may be destroyed.`,
    remediation: 'Wait until every hold is released (GET /v1/legal-holds), then retry.',
  });
}
