import { BulkheadError, newId, type OperationId, type TenantId } from '@bulkhead/kernel';
import { OperationEntity, OperationStepEntity, OutboxEntity, violates } from '@bulkhead/store';
import { stepsOf, type OperationInputs, type OperationKind } from '@bulkhead/definitions';
import type { EntityManager } from 'typeorm';

export interface OpenOperation<K extends OperationKind> {
  readonly kind: K;
  /** What the operation changes; only one operation at a time may change it. */
  readonly subjectId: string;
  readonly tenantId?: TenantId;
  readonly input: OperationInputs[K];
  readonly requestedBy: string;
}

/** Answer of every command that starts work: where to look for what becomes of it. */
export interface Accepted {
  readonly operationId: OperationId;
}

/**
 * Records an operation with its steps and promises the start of its workflow, in the caller's transaction.
 * @throws BulkheadError `operation_in_progress` (409) while another operation changes the same subject.
 */
export async function openOperation<K extends OperationKind>(
  manager: EntityManager,
  open: OpenOperation<K>,
): Promise<OperationId> {
  const id = newId('operation');
  try {
    await manager.insert(OperationEntity, {
      id,
      kind: open.kind,
      tenantId: open.tenantId ?? null,
      subjectId: open.subjectId,
      state: 'queued',
      input: open.input,
      requestedBy: open.requestedBy,
    });
  } catch (error) {
    if (violates(error, 'operations_one_open_per_subject')) throw inProgress(open.subjectId);
    throw error;
  }
  const steps = stepsOf(open.kind, open.input).map((name, index) => ({
    operationId: id,
    name,
    ordinal: index + 1,
    state: 'pending' as const,
    attempt: 0,
  }));
  await manager.insert(OperationStepEntity, steps);
  await manager.insert(OutboxEntity, {
    operationId: id,
    action: 'start',
    message: { kind: open.kind, input: open.input },
  });
  return id;
}

function inProgress(subject: string): BulkheadError {
  return new BulkheadError({
    code: 'operation_in_progress',
    status: 409,
    publicMessage: `Another operation is changing ${subject}.`,
    remediation: 'Wait until it has ended (see /v1/operations), or cancel it.',
  });
}
