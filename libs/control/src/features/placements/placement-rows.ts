import type {
  CellOutputs,
  DedicatedTenantSpec,
  PlacementPlan,
  PlannedBinding,
  Region,
  TierTemplate,
} from '@bulkhead/domain';
import { dedicatedSpec } from '@bulkhead/domain/fleet';
import { BindingEntity, CellEntity, PlacementEntity, TenantEntity, TierEntity } from '@bulkhead/store';
import { In, type EntityManager } from 'typeorm';

/** The tenant's tier as it was promised: the published version that the tenant is on. */
export async function loadTier(manager: EntityManager, tenant: TenantEntity): Promise<TierTemplate> {
  const row = await manager.findOneByOrFail(TierEntity, { name: tenant.tierName, version: tenant.tierVersion });
  return row.spec as TierTemplate;
}

/** Builds the plan of these bindings from their rows, so that a repeated command answers as the first did. */
export async function planFromRows(
  manager: EntityManager,
  tenant: TenantEntity,
  bindings: readonly BindingEntity[],
): Promise<PlacementPlan> {
  const tier = await loadTier(manager, tenant);
  const epochs = new Map(
    (await manager.findBy(PlacementEntity, { tenantId: tenant.id })).map((row) => [row.bindingId, Number(row.epoch)]),
  );
  const planned: PlannedBinding[] = bindings.map(({ id, layer, isolation }) => ({
    bindingId: id,
    layer,
    isolation,
    epoch: epochs.get(id) ?? 1,
  }));
  const cells = await loadCells(manager, bindings);
  return {
    tenantId: tenant.id,
    region: tenant.region as Region,
    retention: tier.retention,
    bindings: planned,
    shared: sharedPart(bindings, cells),
    dedicated: dedicatedPart(tenant, tier, bindings, cells),
  };
}

async function loadCells(
  manager: EntityManager,
  bindings: readonly BindingEntity[],
): Promise<Map<string, CellOutputs>> {
  const ids = bindings.flatMap((binding) => binding.cellId ?? []);
  const cells = await manager.findBy(CellEntity, { id: In(ids) });
  return new Map(cells.map((cell) => [cell.id, cell.outputs as CellOutputs]));
}

function sharedPart(
  bindings: readonly BindingEntity[],
  cells: ReadonlyMap<string, CellOutputs>,
): PlacementPlan['shared'] {
  const shared = bindings.filter((binding) => binding.isolation === 'shared');
  const [first] = shared;
  const cell = first?.cellId ? cells.get(first.cellId) : undefined;
  if (!first?.cellId || !first.rosterId || !cell) return null;
  return {
    cellId: first.cellId,
    rosterId: first.rosterId,
    cell,
    bindings: shared.map(({ id, layer }) => ({ bindingId: id, layer })),
  };
}

function dedicatedPart(
  tenant: TenantEntity,
  tier: TierTemplate,
  bindings: readonly BindingEntity[],
  cells: ReadonlyMap<string, CellOutputs>,
): DedicatedTenantSpec | null {
  const dedicated = new Map(
    bindings.filter((binding) => binding.isolation === 'dedicated').map((binding) => [binding.layer, binding]),
  );
  const [first] = dedicated.values();
  if (!first?.stackId) return null;
  const sharedKeyArn = first.cellId ? cells.get(first.cellId)?.keyArn : undefined;
  const { id: tenantId, region } = tenant;
  const ids = new Map([...dedicated].map(([layer, { id }]) => [layer, id]));
  return dedicatedSpec(
    { tenantId, region: region as Region, stackId: first.stackId, bindings: ids, sharedKeyArn },
    tier,
  );
}
