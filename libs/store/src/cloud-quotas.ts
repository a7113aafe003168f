import { quotasFor, quotedQuotas, requireQuotas, type Layer, type QuotaStanding } from '@bulkhead/domain';
import type { EntityManager } from 'typeorm';
import { CloudQuotaEntity } from './entities/quota.entity.js';

/**
 * Who was promised which layers and has not got them, or may have got them since the quotas were counted (what is made
 * within an hour counts twice for a while rather than not at all): approved changes of placement, bindings that are being
 * made, cells that are being stood up. One row is one stack.
 */
const PROMISED = `
  select array_agg(b.layer) as layers from control.bindings b join control.tenants t on t.id = b.tenant_id
   where t.region = $1 and b.isolation = 'dedicated'
     and (b.state = 'reserved' or (b.state in ('ready', 'bound') and b.created_at > $2::timestamptz - interval '1 hour'))
   group by b.stack_id
  union all
  select array(select change ->> 'layer' from jsonb_array_elements(q.document -> 'difference' -> 'layers') change
                where change ->> 'to' = 'dedicated')
    from control.change_requests c join control.quotes q on q.id = c.quote_id join control.tenants t on t.id = c.tenant_id
   where t.region = $1 and c.kind = 'placement' and c.state in ('approved', 'scheduled', 'applying')
     and c.id is distinct from $3
  union all
  select array['database', 'storage', 'key'] from control.cells
   where region = $1 and (state = 'provisioning' or (state = 'active' and created_at > $2::timestamptz - interval '1 hour'))`;

/**
 * What is left of the account's quotas in a region; empty where nobody has looked yet.
 * @param except a change request whose own promise does not count against it.
 */
export async function quotaStandings(
  manager: EntityManager,
  region: string,
  except: string | null = null,
): Promise<readonly QuotaStanding[]> {
  const rows = await manager.find(CloudQuotaEntity, { where: { region }, order: { quota: 'ASC' } });
  const standings: QuotaStanding[] = [];
  for (const { quota, limit, used, observedAt } of rows) {
    // Each since it was counted itself: what was made before is among what is used.
    const stacks: { layers: Layer[] }[] = await manager.query(PROMISED, [region, observedAt, except]);
    const promised = stacks.reduce((sum, { layers }) => sum + (quotasFor(layers).get(quota) ?? 0), 0);
    standings.push({ quota, limit, used, promised, observedAt: observedAt.toISOString() });
  }
  return standings;
}

/**
 * Refuses what the cloud account has no room for. Until the transaction ends, nobody else passes here for the region.
 * @param except as for {@link quotaStandings}.
 * @throws BulkheadError `cloud_quota_exhausted` (409).
 */
export async function requireCloudQuotas(
  manager: EntityManager,
  region: string,
  gained: readonly Layer[],
  except: string | null = null,
): Promise<void> {
  if (gained.length === 0) return;
  await manager.query(`select pg_advisory_xact_lock(hashtextextended('cloud quotas of ' || $1, 0))`, [region]);
  requireQuotas(quotedQuotas(gained, await quotaStandings(manager, region, except)), region);
}
