import type { TenantId } from '@bulkhead/kernel';
import type { EntityManager } from 'typeorm';

/** What tenants live on: their database, or the key under which their data keys are wrapped. */
export type HomeKind = 'database' | 'key';

/** A cell's key also encrypts dedicated layers whose tenant has no key of its own. */
const LIVES_IN: Readonly<Record<HomeKind, string>> = {
  database: `layer = 'database'
    and $1 = case isolation when 'shared' then 'cell.' || cell_id else 'dedicated-tenant.' || stack_id end`,
  key: `($1 = 'cell.' || cell_id
    or layer = 'key' and isolation = 'dedicated' and $1 = 'dedicated-tenant.' || stack_id)`,
};

/**
 * Tenants that live in a stack, those that are only about to included, in the order of their ids.
 * @param locked locks the cell first, as whoever reserves a place in it does, so that neither misses the other.
 */
export async function tenantsAtHome(
  manager: EntityManager,
  stack: string,
  kind: HomeKind,
  { locked = false } = {},
): Promise<TenantId[]> {
  if (locked) await manager.query(`select from control.cells where 'cell.' || id = $1 for no key update`, [stack]);
  // A statement of its own: under READ COMMITTED the locking one still sees what there was before it waited.
  const rows: { id: TenantId }[] = await manager.query(
    `select distinct tenant_id as id from control.bindings
      where tenant_id is not null and state <> 'retired' and ${LIVES_IN[kind]} order by id`,
    [stack],
  );
  return rows.map(({ id }) => id);
}
