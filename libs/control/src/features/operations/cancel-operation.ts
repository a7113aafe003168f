import { mayBecome } from '@bulkhead/domain';
import { BulkheadError, type OperationId } from '@bulkhead/kernel';
import { OperationEntity, OutboxEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';
import { lockOperation } from './lock-operation.js';
import type { OperationSettled } from './retry-operation.js';

@Gated<CancelOperation, OperationSettled>({
  name: 'operation.cancel',
  roles: ['platform-admin'],
  audit: ({ operationId }) => ({ subject: { kind: 'operation', id: operationId }, operationId }),
})
export class CancelOperation extends Command<OperationSettled> {
  constructor(readonly operationId: OperationId) {
    super();
  }
}

/** Asks the workflow to undo what it has done. Where it then stands, the workflow reports. */
@CommandHandler(CancelOperation)
export class CancelOperationHandler implements ICommandHandler<CancelOperation> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ operationId }: CancelOperation): Promise<OperationSettled> {
    const { manager } = this.work;
    const { state } = await lockOperation(manager, operationId);
    if (state === 'cancelling' || state === 'compensating' || !mayBecome(state, 'cancelling')) throw tooLate(state);
    await manager.update(OperationEntity, { id: operationId }, { state: 'cancelling' });
    await manager.insert(OutboxEntity, { operationId, action: 'cancel', message: {} });
    return { id: operationId, state: 'cancelling' };
  }
}

function tooLate(state: OperationEntity['state']): BulkheadError {
  const ending = state === 'cancelling' || state === 'compensating';
  return new BulkheadError({
    code: 'operation_not_cancellable',
    status: 409,
    publicMessage: ending ? `The operation is ${state} already.` : `The operation has ended: it is ${state}.`,
    remediation: ending ? 'Wait until it has ended.' : 'Nothing is left to cancel.',
  });
}
