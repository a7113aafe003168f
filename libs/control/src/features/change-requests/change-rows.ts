import { isClosed, nextChangeState, type ChangeEvent } from '@bulkhead/domain/change-requests';
import { BulkheadError, newId, type ChangeId, type OperationId } from '@bulkhead/kernel';
import { ApiKeyEntity, ChangeRequestEntity, NotificationEntity, type OperationFailure } from '@bulkhead/store';
import type { EntityManager } from 'typeorm';
import { principalName, type Principal } from '../../gate/index.js';
import { notFound } from '../../http/not-found.js';

/** Reads a change request for a decision on its state. @throws BulkheadError `change_request_not_found` (404). */
export async function lockChange(manager: EntityManager, id: ChangeId): Promise<ChangeRequestEntity> {
  const change = await manager.findOne(ChangeRequestEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  if (!change) throw notFound('change request');
  return change;
}

/**
 * The person that acts: an API key is as good as the person who made it, so that nobody approves their own request with
 * a key.
 */
export async function personOf(manager: EntityManager, principal: Principal): Promise<string> {
  if (principal.kind !== 'api_key') return principalName(principal);
  const key = await manager.findOneBy(ApiKeyEntity, { id: principal.id as ApiKeyEntity['id'] });
  return key?.createdBy ?? principalName(principal);
}

/**
 * What takes a platform admin to ask for takes one to start or to stop: remedies and losses are no sales.
 * @throws BulkheadError `forbidden` (403).
 */
export function requireStarter({ quoteId, kind }: ChangeRequestEntity, { roles }: Principal): void {
  if (quoteId !== null || roles.includes('platform-admin') || roles.includes('workload')) return;
  throw new BulkheadError({
    code: 'forbidden',
    status: 403,
    publicMessage: `Your roles do not allow you to start or stop a request of the kind ${kind}.`,
    remediation: 'Ask a platform admin.',
  });
}

/**
 * Moves a request that the caller has locked to its next state and promises to tell whoever listens.
 * @throws BulkheadError `change_state_conflict`, `approval_required` (409).
 */
export async function moveChange(
  manager: EntityManager,
  change: ChangeRequestEntity,
  event: ChangeEvent,
  facts: { operationId?: OperationId; failure?: OperationFailure | null } = {},
): Promise<ChangeRequestEntity> {
  const state = nextChangeState(change.state, event);
  const closedAt = isClosed(state) ? new Date() : null;
  await manager.update(ChangeRequestEntity, { id: change.id }, { state, closedAt, ...facts });
  const moved = await manager.findOneByOrFail(ChangeRequestEntity, { id: change.id });
  await announce(manager, moved);
  return moved;
}

/** What its state means to the customer. */
export const IN_WORDS: Readonly<Record<ChangeRequestEntity['state'], string>> = {
  pending: 'is waiting for approval',
  approved: 'was approved',
  scheduled: 'is scheduled',
  applying: 'is being carried out',
  applied: 'has been carried out',
  rejected: 'was not approved',
  cancelled: 'was cancelled',
  expired: 'has expired',
};

/** Promises a webhook and, when there is a contact, an e-mail, in the command's transaction. */
export async function announce(manager: EntityManager, change: ChangeRequestEntity): Promise<void> {
  const { id, tenantId, kind, state, contactEmail } = change;
  const webhook = {
    type: `change_request.${state}`,
    timestamp: new Date().toISOString(),
    data: { id, tenantId, kind, state },
  };
  const email = {
    subject: `Your change request ${IN_WORDS[state]}`,
    text: `Your change request ${id} ${IN_WORDS[state]}.\n`,
  };
  const common = { tenantId, attempts: 0, state: 'waiting' as const, lastError: null };
  await manager.insert(NotificationEntity, [
    { id: newId('notification'), ...common, channel: 'webhook', recipient: null, message: webhook },
    ...(contactEmail === null
      ? []
      : [{ id: newId('notification'), ...common, channel: 'email' as const, recipient: contactEmail, message: email }]),
  ]);
}
