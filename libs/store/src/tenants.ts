import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';
import { TenantEntity } from './entities/tenant.entity.js';

/**
 * Reads a tenant for a decision. Locked, its row stays as it is until the transaction ends.
 * @throws BulkheadError `tenant_not_found` (404): the same for an id that never was and for one out of reach.
 */
export async function loadTenant(
  manager: EntityManager,
  id: TenantId,
  { locked = false }: { locked?: boolean } = {},
): Promise<TenantEntity> {
  const lock = { mode: 'pessimistic_write' } as const;
  const tenant = await manager.findOne(TenantEntity, { where: { id }, ...(locked && { lock }) });
  if (tenant) return tenant;
  throw tenantNotFound();
}

/** What is said of a tenant that never was, and of one that the caller has nothing to do with. */
export function tenantNotFound(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_not_found',
    status: 404,
    publicMessage: 'There is no such tenant.',
    remediation: 'Look the id up with GET /v1/tenants.',
  });
}

/**
 * Undoing an onboarding ends where the tenant was handed over: from then on its data is somebody's, and only
 * offboarding may take it down.
 * @throws BulkheadError `tenant_handed_over` (409).
 */
export function refuseIfHandedOver({ activatedAt }: TenantEntity): void {
  if (!activatedAt) return;
  throw new BulkheadError({
    code: 'tenant_handed_over',
    status: 409,
    publicMessage: 'The tenant was activated: its onboarding can no longer be undone.',
    remediation: 'Retry the operation to let it finish. To end a live tenant, suspend it and offboard it.',
  });
}
