import type { EntityManager } from 'typeorm';

/** Everything that a resource's ownership tag may name, and whether it still holds resources. */
const OWNERS = `
  select id as owner, state <> 'retired' as live from control.bindings
  union all select stack_id, bool_or(state <> 'retired') from control.bindings where stack_id is not null group by stack_id
  union all select id, state <> 'failed' from control.cells
  union all select r.id, c.state <> 'failed' from control.rosters r join control.cells c on c.id = r.cell_id
  union all select 'landing-zone.' || region, true from control.landing_zones`;

/** Every binding, stack, roster, cell and landing zone by the id in its tags, and whether it still holds resources. */
export async function resourceOwners(manager: EntityManager): Promise<ReadonlyMap<string, boolean>> {
  const rows: { owner: string; live: boolean }[] = await manager.query(OWNERS);
  return new Map(rows.map(({ owner, live }) => [owner, live]));
}

/** Whether one of these ids still holds resources. */
export async function isOwnerLive(manager: EntityManager, owner: string): Promise<boolean> {
  const rows: object[] = await manager.query(`select from (${OWNERS}) owners where owner = $1 and live`, [owner]);
  return rows.length > 0;
}
