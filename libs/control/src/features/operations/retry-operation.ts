import { RETRY_SIGNAL } from '@bulkhead/definitions';
import { BulkheadError, type OperationId } from '@bulkhead/kernel';
import { OperationEntity, OutboxEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';
import { lockOperation } from './lock-operation.js';

/** State that the operation has after the command. */
export interface OperationSettled {
  readonly id: OperationId;
  readonly state: OperationEntity['state'];
}

@Gated<RetryOperation, OperationSettled>({
  name: 'operation.retry',
  roles: ['platform-admin'],
  audit: ({ operationId }) => ({ subject: { kind: 'operation', id: operationId }, operationId }),
})
export class RetryOperation extends Command<OperationSettled> {
  constructor(readonly operationId: OperationId) {
    super();
  }
}

/** Tells a workflow that waits for an operator that the cause was mended. */
@CommandHandler(RetryOperation)
export class RetryOperationHandler implements ICommandHandler<RetryOperation> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ operationId }: RetryOperation): Promise<OperationSettled> {
    const { manager } = this.work;
    const { state } = await lockOperation(manager, operationId);
    if (state !== 'needs_attention') throw notWaiting(state);
    // At once, so that a second retry of the same failure is refused instead of being spent on the next one.
    await manager.update(OperationEntity, { id: operationId }, { state: 'running' });
    await manager.insert(OutboxEntity, { operationId, action: 'signal', message: { signal: RETRY_SIGNAL } });
    return { id: operationId, state: 'running' };
  }
}

function notWaiting(state: OperationEntity['state']): BulkheadError {
  return new BulkheadError({
    code: 'operation_not_waiting',
    status: 409,
    publicMessage: `The operation is ${state}; only one that needs attention can be retried.`,
    remediation: 'Read the operation again and act on its state.',
  });
}
