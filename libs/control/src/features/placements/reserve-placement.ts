import {
  chooseCell,
  LAYERS,
  MAX_ROSTER_REGISTRATIONS,
  type Layer,
  type PlacementPlan,
  type TierTemplate,
} from '@bulkhead/domain';
import { BulkheadError, newId, type CellId, type OperationId, type RosterId, type TenantId } from '@bulkhead/kernel';
import {
  BindingEntity,
  loadTenant,
  PlacementEntity,
  requireCloudQuotas,
  RosterEntity,
  UnitOfWork,
  type TenantEntity,
} from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Not, type EntityManager } from 'typeorm';
import { Gated } from '../../gate/index.js';
import { loadTier, planFromRows } from './placement-rows.js';

@Gated<ReservePlacement, PlacementPlan>({
  name: 'placement.reserve',
  roles: ['workload'],
  audit: ({ request }, plan) => ({
    subject: { kind: 'tenant', id: request.tenantId },
    tenantId: request.tenantId,
    operationId: request.operationId,
    details: {
      bindings: plan?.bindings.map(({ bindingId, layer, isolation }) => ({ bindingId, layer, isolation })) ?? [],
    },
  }),
})
export class ReservePlacement extends Command<PlacementPlan> {
  constructor(readonly request: { readonly operationId: OperationId; readonly tenantId: TenantId }) {
    super();
  }
}

/** Promises one binding for each layer of the tenant's tier. Repeated, it answers with the bindings already promised. */
@CommandHandler(ReservePlacement)
export class ReservePlacementHandler implements ICommandHandler<ReservePlacement> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: ReservePlacement): Promise<PlacementPlan> {
    const { manager } = this.work;
    const tenant = await loadTenant(manager, request.tenantId, { locked: true });
    if (tenant.state !== 'provisioning') throw notProvisioning(tenant.state);
    const earlier = await manager.findBy(BindingEntity, { tenantId: tenant.id, state: Not('retired') });
    if (earlier.length > 0) return planFromRows(manager, tenant, earlier);
    const tier = await loadTier(manager, tenant);
    const own = LAYERS.filter((layer) => tier.layers[layer] === 'dedicated');
    await requireCloudQuotas(manager, tenant.region, own);
    const bindings = await reserve(manager, tenant, tier);
    return planFromRows(manager, tenant, bindings);
  }
}

async function reserve(manager: EntityManager, tenant: TenantEntity, tier: TierTemplate): Promise<BindingEntity[]> {
  const shared = LAYERS.filter((layer) => tier.layers[layer] === 'shared');
  const cellId = shared.length > 0 ? await lockCell(manager, tenant) : null;
  const rosterId = cellId ? await rosterWithRoom(manager, cellId, shared.length) : null;
  const stackId = newId('stack');
  const bindings = LAYERS.map((layer: Layer) => {
    const isolation = tier.layers[layer];
    const place = isolation === 'shared' ? { cellId, rosterId, stackId: null } : { cellId, rosterId: null, stackId };
    return {
      id: newId('binding'),
      layer,
      isolation,
      ...place,
      tenantId: tenant.id,
      state: 'reserved' as const,
      outputs: null,
      retiredAt: null,
    };
  });
  await manager.insert(BindingEntity, bindings);
  await manager.insert(
    PlacementEntity,
    bindings.map(({ id, layer }) => ({ tenantId: tenant.id, layer, bindingId: id, epoch: '1' })),
  );
  return manager.findBy(BindingEntity, { tenantId: tenant.id, state: 'reserved' });
}

/** A tenant of the proof is placed in the cell that it probes, full or not. */
async function lockCell(manager: EntityManager, { probeOf, region }: TenantEntity): Promise<CellId> {
  if (probeOf === null) return lockCellWithRoom(manager, region);
  await manager.query('select from control.cells where id = $1 for no key update', [probeOf]);
  return probeOf;
}

/** Locks the region's cells until the transaction ends: two reservations cannot both take its last place. */
async function lockCellWithRoom(manager: EntityManager, region: string): Promise<CellId> {
  const open: { id: CellId; capacity: number }[] = await manager.query(
    `select id, capacity from control.cells where region = $1 and state = 'active' order by id for no key update`,
    [region],
  );
  // A statement of its own: under READ COMMITTED the locking one still counts as things were before it waited.
  const counts: { cell_id: CellId; tenants: number }[] = await manager.query(
    `select cell_id, count(distinct tenant_id)::int as tenants from control.bindings
      where cell_id = any($1) and isolation = 'shared' and state <> 'retired' group by cell_id`,
    [open.map(({ id }) => id)],
  );
  const tenants = new Map(counts.map((row) => [row.cell_id, row.tenants]));
  const losing: { stack: string }[] = await manager.query(
    `select document ->> 'stack' as stack from control.change_requests where kind = 'state-loss' and state = 'applying'`,
  );
  const whole = open.filter(({ id }) => !losing.some(({ stack }) => stack === `cell.${id}`));
  const cells = whole.map(({ id, capacity }) => ({ id, capacity, tenants: tenants.get(id) ?? 0 }));
  const cell = chooseCell(cells);
  if (cell) return cell.id;
  throw new BulkheadError({
    code: 'no_cell_with_room',
    status: 409,
    publicMessage: `No active cell in ${region} has room for another tenant.`,
    remediation: 'Add a cell with POST /v1/cells, wait until it is active, then retry the operation.',
  });
}

async function rosterWithRoom(manager: EntityManager, cellId: CellId, count: number): Promise<RosterId> {
  const [open] = await manager.query(
    `select r.id from control.rosters r
      where r.cell_id = $1 and $2 >= $3 + (select count(*) from control.bindings b where b.roster_id = r.id and b.state <> 'retired')
      order by r.ordinal limit 1`,
    [cellId, MAX_ROSTER_REGISTRATIONS, count],
  );
  if (open) return open.id;
  const id = newId('roster');
  const ordinal = 1 + (await manager.countBy(RosterEntity, { cellId }));
  await manager.insert(RosterEntity, { id, cellId, ordinal });
  return id;
}

/** A late try of a workflow that was given up must not promise anything to a tenant that nobody onboards any more. */
function notProvisioning(state: string): BulkheadError {
  return new BulkheadError({
    code: 'tenant_not_provisioning',
    status: 409,
    publicMessage: `A placement is reserved while a tenant is provisioning; this one is ${state}.`,
    remediation: 'Start a new onboarding.',
  });
}
