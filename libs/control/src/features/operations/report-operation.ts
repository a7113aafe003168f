import { canonicalDigest, isFinal, mayBecome, type OperationState } from '@bulkhead/domain';
import { BulkheadError, type OperationId } from '@bulkhead/kernel';
import { OperationEntity, UnitOfWork, type OperationFailure } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';

export interface OperationReport {
  readonly operationId: OperationId;
  readonly state: OperationState;
  /** Why it needs attention or failed. Absent: the last failure stays as it is. */
  readonly error?: OperationFailure;
  /** Stored with `succeeded`: the receipt. */
  readonly result?: object;
}

@Gated<ReportOperation, void>({
  name: 'operation.report',
  roles: ['workload'],
  audit: ({ report }) => ({
    subject: { kind: 'operation', id: report.operationId },
    operationId: report.operationId,
    details: {
      state: report.state,
      ...(report.error && { code: report.error.code }),
      // The receipt itself may be long; its digest proves which one was handed over.
      ...(report.result && { resultDigest: canonicalDigest(report.result) }),
    },
  }),
})
export class ReportOperation extends Command<void> {
  constructor(readonly report: OperationReport) {
    super();
  }
}

/** Records where a workflow stands. Final states are final: a late report of another state is refused. */
@CommandHandler(ReportOperation)
export class ReportOperationHandler implements ICommandHandler<ReportOperation> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ report: { operationId: id, state, error, result } }: ReportOperation): Promise<void> {
    const { manager } = this.work;
    const operation = await manager.findOneOrFail(OperationEntity, {
      where: { id },
      lock: { mode: 'pessimistic_write' },
    });
    // Asked to cancel, and the workflow does not know it yet: it will say so itself when it does.
    if (operation.state === 'cancelling' && state === 'running') return;
    if (!mayBecome(operation.state, state)) throw wrongOrder(operation.state, state);
    await manager.update(
      OperationEntity,
      { id },
      {
        state,
        finishedAt: isFinal(state) ? (operation.finishedAt ?? new Date()) : null,
        ...(error && { error }),
        ...(result && { result }),
      },
    );
  }
}

function wrongOrder(from: OperationState, to: OperationState): BulkheadError {
  return new BulkheadError({
    code: 'operation_state_conflict',
    status: 409,
    publicMessage: `An operation that is ${from} cannot become ${to}.`,
    remediation: 'Read the operation again; another worker has already settled it.',
  });
}
