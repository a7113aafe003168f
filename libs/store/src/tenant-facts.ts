import type { TenantId } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';
import { TenantFactEntity } from './entities/sales.entity.js';

/** What is known of a tenant now: of each fact the one observed last, of one day the one recorded last. */
export async function currentFacts(manager: EntityManager, tenantId: TenantId): Promise<TenantFactEntity[]> {
  return manager
    .createQueryBuilder(TenantFactEntity, 'fact')
    .distinctOn(['fact.name'])
    .where('fact.tenantId = :tenantId', { tenantId })
    .orderBy('fact.name')
    .addOrderBy('fact.observedOn', 'DESC')
    .addOrderBy('fact.id', 'DESC')
    .getMany();
}
