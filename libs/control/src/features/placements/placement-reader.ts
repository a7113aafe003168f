import type { CellOutputs, DedicatedTenantOutputs, PlacedTenant, Region, RosterSpec } from '@bulkhead/domain';
import type { BindingId, RosterId, TenantId } from '@bulkhead/kernel';
import { BindingEntity, CellEntity, loadForDestruction, loadTenant, RosterEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource, In, IsNull, Not } from 'typeorm';
import { planFromRows } from './placement-rows.js';

@Injectable()
export class PlacementReader {
  constructor(private readonly source: DataSource) {}

  /**
   * What a roster's stack should hold: everything registered so far, and of the reserved bindings only those named in
   * `registering`, so that a binding that keeps failing cannot fail its neighbours' runs.
   */
  async rosterSpec(rosterId: RosterId, { registering }: { registering: readonly BindingId[] }): Promise<RosterSpec> {
    const { manager } = this.source;
    const roster = await manager.findOneByOrFail(RosterEntity, { id: rosterId });
    const cell = await manager.findOneByOrFail(CellEntity, { id: roster.cellId });
    const bindings = await manager.find(BindingEntity, {
      where: [
        { rosterId, state: In(['ready', 'bound']) },
        { rosterId, state: 'reserved', id: In([...registering]) },
        // Whoever retires it asks for its removal. Left out by others' runs, one that cannot be removed yet would
        // fail them all.
        { rosterId, state: 'retiring', outputs: Not(IsNull()), id: Not(In([...registering])) },
      ],
      order: { id: 'ASC' },
    });
    return {
      rosterId,
      cellId: cell.id,
      region: cell.region as Region,
      cell: cell.outputs as CellOutputs,
      registrations: bindings.map(({ id, layer }) => ({ bindingId: id, layer })),
    };
  }

  /** Of these bindings, those that are being retired: the run must leave them out, and record that they are gone. */
  async retiring(bindingIds: readonly BindingId[]): Promise<BindingId[]> {
    const rows = await this.source.manager.findBy(BindingEntity, { id: In([...bindingIds]), state: 'retiring' });
    return rows.map(({ id }) => id);
  }

  /**
   * The same as {@link placed}, for work in the planes that takes something away for good.
   * @throws BulkheadError `legal_hold`, `tenant_handed_over` (409).
   */
  async placedForDestruction(tenantId: TenantId): Promise<PlacedTenant> {
    await this.source.transaction((manager) => loadForDestruction(manager, tenantId));
    return this.placed(tenantId);
  }

  /** Where the tenant's layers are, as far as they exist: what the planes work on. */
  async placed(tenantId: TenantId): Promise<PlacedTenant> {
    const { manager } = this.source;
    const tenant = await loadTenant(manager, tenantId);
    const rows = await manager.findBy(BindingEntity, { tenantId, state: Not('retired') });
    const { bindings, shared, dedicated, retention } = await planFromRows(manager, tenant, rows);
    const outputs = rows
      .filter((row) => row.isolation === 'dedicated' && row.outputs)
      .map((row) => [row.layer, row.outputs]);
    return {
      tenantId,
      retention,
      bindings,
      cell: shared && { cellId: shared.cellId, outputs: shared.cell },
      dedicated: Object.fromEntries(outputs) as DedicatedTenantOutputs,
      stackId: dedicated?.stackId ?? null,
    };
  }
}
