import type { CellOutputs } from '@bulkhead/domain';
import type { CellId } from '@bulkhead/kernel';
import { CellEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';

@Gated<RecordCell, void>({
  name: 'cell.record',
  roles: ['workload'],
  audit: ({ cell }) => ({ subject: { kind: 'cell', id: cell.cellId }, details: { active: cell.outputs !== null } }),
})
export class RecordCell extends Command<void> {
  /** `outputs` is null when the cell could not be stood up and was taken down again. */
  constructor(readonly cell: { readonly cellId: CellId; readonly outputs: CellOutputs | null }) {
    super();
  }
}

@CommandHandler(RecordCell)
export class RecordCellHandler implements ICommandHandler<RecordCell> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ cell: { cellId, outputs } }: RecordCell): Promise<void> {
    await this.work.manager.update(CellEntity, { id: cellId }, { outputs, state: outputs ? 'active' : 'failed' });
  }
}
