import { requireServed } from '@bulkhead/domain';
import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import {
  BindingEntity,
  ContextKeyEntity,
  loadTenant,
  lockTokens,
  PlacementEntity,
  tenantNotFound,
} from '@bulkhead/store';
import type { EntityManager } from 'typeorm';

/** Where the tenant's rows are, and the key that signs contexts there. */
export interface Place {
  readonly home: string;
  readonly epoch: number;
  readonly contextKeyId: string;
}

/**
 * Lets nobody revoke the tenant's tokens until the transaction ends, then looks whether the tenant is served.
 * @throws BulkheadError `tenant_not_found`, `tenant_suspended`, `tenant_in_maintenance` or `tenant_not_active`.
 */
export async function requireIssuable(manager: EntityManager, tenantId: TenantId): Promise<void> {
  await lockTokens(manager, tenantId, 'shared');
  const { state, maintenanceSince } = await loadTenant(manager, tenantId);
  requireServed({ state, maintenance: maintenanceSince !== null });
}

/**
 * For a caller who may have nothing to do with customers.
 * @throws BulkheadError `tenant_not_found` (404), also for every tenant that is not one of the isolation proof.
 */
export async function requireProbe(manager: EntityManager, tenantId: TenantId): Promise<void> {
  const { probeOf } = await loadTenant(manager, tenantId);
  if (probeOf === null) throw tenantNotFound();
}

/**
 * Where a database context for the tenant must be for.
 * @throws BulkheadError `tenant_not_placed` (409), `context_key_missing` (503).
 */
export async function placeOf(manager: EntityManager, tenantId: TenantId): Promise<Place> {
  const placement = await manager.findOneBy(PlacementEntity, { tenantId, layer: 'database' });
  if (!placement) throw notPlaced();
  const binding = await manager.findOneByOrFail(BindingEntity, { id: placement.bindingId });
  const home = binding.isolation === 'shared' ? binding.cellId : binding.id;
  if (home === null) throw new Error(`Binding ${binding.id} is shared and names no cell`);
  const [key] = await manager.find(ContextKeyEntity, { where: { home }, order: { added: 'DESC' }, take: 1 });
  if (!key) throw keyMissing();
  return { home, epoch: Number(placement.epoch), contextKeyId: key.id };
}

function notPlaced(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_not_placed',
    status: 409,
    publicMessage: 'The tenant has no database yet.',
    remediation: 'Wait until its onboarding has succeeded, or ask for a token without a database context.',
  });
}

function keyMissing(): BulkheadError {
  return new BulkheadError({
    code: 'context_key_missing',
    status: 503,
    retryable: true,
    publicMessage: 'The tenant’s database has no key for signed contexts yet.',
    remediation: 'Let the worker prepare the database again; it makes the key.',
  });
}
