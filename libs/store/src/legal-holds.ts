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

/**
 * Refuses the loss of what a stack holds while anybody needs it: of one tenant, or of everyone who has something there.
 * @param locked also locks those tenants, as placing a hold does, so that neither misses the other.
 * @throws BulkheadError `legal_hold` (409) naming the matters.
 */
export async function refuseIfStackHeld(
  manager: EntityManager,
  { stack, tenantId }: { readonly stack: string; readonly tenantId: TenantId | null },
  { locked = false } = {},
): Promise<void> {
  const tenants = tenantId === null ? await tenantsOfStack(manager, stack) : [tenantId];
  // In one order, so that two that lock cannot wait for each other.
  for (const tenant of tenants) {
    if (locked) await loadTenant(manager, tenant, { locked });
    await refuseIfHeld(manager, tenant);
  }
}

/**
 * Refuses a hold that would come too late: an open operation is at work on something of the tenant that may be gone when
 * it ends. The tenant is locked by now, as by whoever begins to destroy, so that neither misses the other.
 * @throws BulkheadError `destruction_in_progress` (409, retryable) naming the operation.
 */
export async function refuseWhileDestroyed(manager: EntityManager, tenantId: TenantId): Promise<void> {
  const [operation]: { id: string; kind: string }[] = await manager.query(
    `select o.id, o.kind from control.operations o
      where o.finished_at is null and (
        o.tenant_id = $1 and o.kind = 'tenant.onboard' and (o.state in ('cancelling', 'compensating')
          or exists (select from control.bindings b where b.tenant_id = $1 and b.state = 'retiring'))
        or o.id in (select c.operation_id from control.change_requests c
          where c.state = 'applying' and (c.kind = 'state-loss' or c.document ->> 'destructive' = 'true')
            and (c.tenant_id = $1
              or c.tenant_id is null and $1 in (${tenantsIn(`(c.document ->> 'stack')`)}))))
      order by o.id limit 1`,
    [tenantId],
  );
  if (!operation) return;
  const { id, kind } = operation;
  const stop = kind === 'tenant.onboard' ? '' : `Cancel it if it must not go on (POST /v1/operations/${id}/cancel). `;
  throw new BulkheadError({
    code: 'destruction_in_progress',
    status: 409,
    retryable: true,
    publicMessage: `The operation ${id} (${kind}) is taking something of the tenant away already: a hold would not stop it.`,
    remediation: `${stop}Wait until it has ended (GET /v1/operations/${id}), then place the hold again.`,
  });
}

/** SQL: whether {@link refuseIfStackHeld} would not refuse, for a column with a tenant or null and one with a stack. */
export function notHeld(tenantId: string, stack: string): string {
  return `not exists (select from control.legal_holds h
    where h.released_at is null and case when ${tenantId} is not null then h.tenant_id = ${tenantId}
      else h.tenant_id in (${tenantsIn(stack)}) end)`;
}

/** Tenants with something in a stack, in the order of their ids. */
export async function tenantsOfStack(manager: EntityManager, stack: string): Promise<TenantId[]> {
  const rows: { id: TenantId }[] = await manager.query(`${tenantsIn('$1')} order by id`, [stack]);
  return rows.map(({ id }) => id);
}

function tenantsIn(stack: string): string {
  return `select b.tenant_id as id from control.bindings b
      where b.tenant_id is not null and b.state <> 'retired'
        and ${stack} in ('roster.' || b.roster_id, 'dedicated-tenant.' || b.stack_id, 'cell.' || b.cell_id)
     union select t.id from control.tenants t where ${stack} = 'landing-zone.' || t.region and t.state <> 'abandoned'`;
}
