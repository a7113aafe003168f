import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';
import { TenantEntity } from './entities/tenant.entity.js';

/** @throws BulkheadError `tenant_not_found` (404): the same for an id that never was and for one out of reach. */
export async function loadTenant(manager: EntityManager, id: TenantId): Promise<TenantEntity> {
  const tenant = await manager.findOneBy(TenantEntity, { id });
  if (tenant) return tenant;
  throw new BulkheadError({
    code: 'tenant_not_found',
    status: 404,
    publicMessage: 'There is no such tenant.',
    remediation: 'Look the id up with GET /v1/tenants.',
  });
}
