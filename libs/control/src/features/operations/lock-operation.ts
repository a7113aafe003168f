import type { OperationId } from '@bulkhead/kernel';
import { OperationEntity } from '@bulkhead/store';
import type { EntityManager } from 'typeorm';
import { notFound } from '../../http/not-found.js';

/**
 * Reads an operation for a decision on its state, which then holds until the transaction ends.
 * @throws BulkheadError `operation_not_found` (404).
 */
export async function lockOperation(manager: EntityManager, id: OperationId): Promise<OperationEntity> {
  const operation = await manager.findOne(OperationEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  if (!operation) throw notFound('operation');
  return operation;
}
