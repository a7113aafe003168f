import {
  type CellOutputs,
  type CellSpec,
  type LandingZoneSpec,
  type ProgramRequest,
  type Region,
  type TierTemplate,
} from '@bulkhead/domain';
import { dedicatedSpec } from '@bulkhead/domain/fleet';
import type { CellId, RosterId, StackId, TenantId } from '@bulkhead/kernel';
import {
  BindingEntity,
  CellEntity,
  FleetStackEntity,
  LandingZoneEntity,
  PlacementEntity,
  RosterEntity,
  TenantEntity,
  TierEntity,
} from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource, In, IsNull, Not, type EntityManager } from 'typeorm';
import { readPage, type Page, type PageQuery } from '../../http/index.js';
import type { FleetStackView, FleetTenantView, ListFleetStacksQuery } from './fleet-view.js';

/** A binding holds resources from the end of its stack's run until it is retired. */
const LIVE = ['ready', 'bound'] as const;

@Injectable()
export class FleetReader {
  constructor(private readonly source: DataSource) {}

  /** Live stacks by name: each with its specification, as the worker would apply it, and its recorded state. */
  async stacks({ limit, starting_after: after = '' }: ListFleetStacksQuery): Promise<Page<FleetStackView>> {
    const { manager } = this.source;
    const names: { stack: string }[] = await manager.query(
      `${LIVE_STACKS} select stack from live where stack collate "C" > $1 order by stack collate "C" limit $2`,
      [after, limit + 1],
    );
    const page = names.slice(0, limit).map(({ stack }) => stack);
    const rows = await manager.findBy(FleetStackEntity, { stack: In(page) });
    const recorded = new Map(rows.map((row) => [row.stack, row]));
    const data: FleetStackView[] = [];
    for (const stack of page) {
      const found = await requestOf(manager, stack);
      if (!found) continue;
      const { state, appliedDigest, recordedAt } = recorded.get(stack) ?? {};
      data.push({
        stack,
        ...found,
        appliedDigest: appliedDigest ?? null,
        state: state ?? null,
        recordedAt: recordedAt?.toISOString() ?? null,
      });
    }
    return { data, hasMore: names.length > limit };
  }

  /** Names of the live stacks, of one tenant or of all. */
  async names(tenantId: TenantId | null): Promise<string[]> {
    const all = `${LIVE_STACKS} select stack from live`;
    const rows: { stack: string }[] = await (tenantId === null
      ? this.source.query(all)
      : this.source.query(OF_TENANT, [tenantId]));
    return rows.map(({ stack }) => stack).toSorted();
  }

  /** What the next run of a stack would apply; undefined when it is not live. */
  request(stack: string): Promise<LiveStack | undefined> {
    return requestOf(this.source.manager, stack);
  }

  /** Tenants that were handed over, with where their layers are; newest first. */
  async tenants(query: PageQuery): Promise<Page<FleetTenantView>> {
    const { manager } = this.source;
    const live = manager
      .createQueryBuilder(TenantEntity, 'tenant')
      .where('tenant.activated_at is not null')
      .andWhere('exists (select from control.placements p where p.tenant_id = tenant.id)');
    const { data, hasMore } = await readPage(live, query, (tenant) => tenant);
    return { data: await viewTenants(manager, data), hasMore };
  }
}

/** Tenants with where their layers are. */
export async function viewTenants(
  manager: EntityManager,
  tenants: readonly TenantEntity[],
): Promise<FleetTenantView[]> {
  const bindings = await bindingsOf(
    manager,
    tenants.map(({ id }) => id),
  );
  return tenants.map(({ id, slug, region, tierName, tierVersion }): FleetTenantView => ({
    id,
    slug,
    region,
    tier: { name: tierName, version: tierVersion },
    bindings: (bindings.get(id) ?? []).map(({ id: bindingId, layer, isolation, cellId, rosterId, stackId }) => ({
      bindingId,
      layer,
      isolation,
      cellId,
      rosterId,
      stackId,
    })),
  }));
}

/** What one tenant has something in. */
const OF_TENANT = `select 'dedicated-tenant.' || stack_id as stack from control.bindings
    where tenant_id = $1 and stack_id is not null and state in ('ready', 'bound')
  union select 'roster.' || roster_id from control.bindings
    where tenant_id = $1 and roster_id is not null and state in ('ready', 'bound')`;

const LIVE_STACKS = `with live as (
  select 'landing-zone.' || region as stack from control.landing_zones where state <> 'failed'
  union all select 'cell.' || id from control.cells where state <> 'failed'
  union all select 'roster.' || r.id from control.rosters r
    where exists (select from control.bindings b where b.roster_id = r.id and b.state in ('ready', 'bound'))
  union all select distinct 'dedicated-tenant.' || stack_id from control.bindings
    where stack_id is not null and state in ('ready', 'bound'))`;

/** A stack as the worker would apply it. */
export interface LiveStack {
  readonly request: ProgramRequest;
  readonly tenantIds: string[];
}

/** Undefined when the stack ended to be live since its name was read. */
async function requestOf(manager: EntityManager, stack: string): Promise<LiveStack | undefined> {
  const [program = '', id = ''] = stack.split('.', 2);
  switch (program) {
    case 'landing-zone': {
      const zone = await manager.findOneBy(LandingZoneEntity, { region: id });
      return zone ? { request: { program, spec: zone.spec as LandingZoneSpec }, tenantIds: [] } : undefined;
    }
    case 'cell': {
      const cell = await manager.findOneBy(CellEntity, { id: id as CellId });
      return cell ? { request: { program, spec: cell.spec as CellSpec }, tenantIds: [] } : undefined;
    }
    case 'roster':
      return rosterRequest(manager, id as RosterId);
    default:
      return dedicatedRequest(manager, id as StackId);
  }
}

async function rosterRequest(manager: EntityManager, rosterId: RosterId): Promise<LiveStack | undefined> {
  const roster = await manager.findOneBy(RosterEntity, { id: rosterId });
  const cell = roster && (await manager.findOneBy(CellEntity, { id: roster.cellId }));
  if (!roster || !cell?.outputs) return undefined;
  const bindings = await manager.find(BindingEntity, {
    where: [
      { rosterId, state: In([...LIVE]) },
      { rosterId, state: 'retiring', outputs: Not(IsNull()) },
    ],
    order: { id: 'ASC' },
  });
  const spec = {
    rosterId,
    cellId: cell.id,
    region: cell.region as Region,
    cell: cell.outputs as CellOutputs,
    registrations: bindings.map(({ id, layer }) => ({ bindingId: id, layer })),
  };
  return { request: { program: 'roster', spec }, tenantIds: tenantsOf(bindings) };
}

async function dedicatedRequest(manager: EntityManager, stackId: StackId): Promise<LiveStack | undefined> {
  const bindings = await manager.find(BindingEntity, {
    where: { stackId, state: In([...LIVE]) },
    order: { id: 'ASC' },
  });
  const [first] = bindings;
  const tenant = first?.tenantId && (await manager.findOneBy(TenantEntity, { id: first.tenantId }));
  if (!tenant) return undefined;
  const { tierName: name, tierVersion: version } = tenant;
  const tier = (await manager.findOneByOrFail(TierEntity, { name, version })).spec as TierTemplate;
  const cell = first.cellId && (await manager.findOneBy(CellEntity, { id: first.cellId }));
  const place = {
    tenantId: tenant.id,
    region: tenant.region as Region,
    stackId,
    bindings: new Map(bindings.map(({ layer, id }) => [layer, id])),
    sharedKeyArn: (cell && (cell.outputs as CellOutputs | null)?.keyArn) || undefined,
  };
  return { request: { program: 'dedicated-tenant', spec: dedicatedSpec(place, tier) }, tenantIds: [tenant.id] };
}

function tenantsOf(bindings: readonly BindingEntity[]): string[] {
  return [...new Set(bindings.flatMap(({ tenantId }) => tenantId ?? []))].toSorted();
}

async function bindingsOf(
  manager: EntityManager,
  tenants: readonly TenantId[],
): Promise<ReadonlyMap<TenantId, readonly BindingEntity[]>> {
  const placements = await manager.findBy(PlacementEntity, { tenantId: In([...tenants]) });
  const rows = await manager.find(BindingEntity, {
    where: { id: In(placements.map(({ bindingId }) => bindingId)) },
    order: { layer: 'ASC' },
  });
  return Map.groupBy(
    rows.filter((row): row is BindingEntity & { tenantId: TenantId } => row.tenantId !== null),
    ({ tenantId }) => tenantId,
  );
}
