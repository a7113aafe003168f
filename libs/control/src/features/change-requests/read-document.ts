import { BulkheadError, type QuoteId } from '@bulkhead/kernel';
import { QuoteEntity, type ChangeRequestEntity } from '@bulkhead/store';
import type { EntityManager } from 'typeorm';
import { hashOf, loadQuote } from './create-quote.js';

/**
 * Makes sure that what somebody decides on is what they have read: the request's quote, or what the request says itself.
 * @returns the quote, if there is one.
 * @throws BulkheadError as {@link loadQuote}; `request_stale` (409) for another hash, `request_expired` (409).
 * @throws Error when what is stored is not what its hash says: somebody changed it in the database.
 */
export async function loadRead(
  manager: EntityManager,
  change: ChangeRequestEntity,
  hash: string,
): Promise<QuoteEntity | null> {
  if (change.quoteId !== null) return loadQuote(manager, change.quoteId, hash);
  const { id, document, expiresAt } = change;
  if (!document || !expiresAt || hashOf(document, expiresAt) !== change.hash)
    throw new Error(`Change request ${id} does not match its hash`);
  if (change.hash !== hash) throw stale();
  if (expiresAt.getTime() <= Date.now()) throw expired();
  return null;
}

/** @throws BulkheadError `not_quoted` (409) for a request that has no quote: it is used, not applied. */
export function quotedBy({ quoteId, kind }: ChangeRequestEntity): QuoteId {
  if (quoteId !== null) return quoteId;
  throw new BulkheadError({
    code: 'not_quoted',
    status: 409,
    publicMessage: `A change request of the kind ${kind} has no quote to apply or schedule.`,
    remediation: 'Once it is approved, apply the fleet plan that needs it: POST /v1/fleet/plans/{hash}/apply.',
  });
}

/** The quote of a request. @throws BulkheadError `not_quoted` (409). */
export async function quoteOf(manager: EntityManager, change: ChangeRequestEntity): Promise<QuoteEntity> {
  return manager.findOneByOrFail(QuoteEntity, { id: quotedBy(change) });
}

function stale(): BulkheadError {
  return new BulkheadError({
    code: 'request_stale',
    status: 409,
    publicMessage: 'The hash is not that of the request.',
    remediation: 'Read the request again (GET /v1/change-requests/{id}) and decide on what it says.',
  });
}

function expired(): BulkheadError {
  return new BulkheadError({
    code: 'request_expired',
    status: 409,
    publicMessage: 'The change request has expired.',
    remediation: 'Preview again and ask anew.',
  });
}
