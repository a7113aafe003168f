import type { CellOutputs, Region, RosterSpec } from '@bulkhead/domain';
import type { BindingId, RosterId } from '@bulkhead/kernel';
import { BindingEntity, CellEntity, RosterEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';

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
}
