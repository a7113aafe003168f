import { BulkheadError } from '@bulkhead/kernel';
import type { MessageHandler } from '@bulkhead/tenancy';
import type { ClinicDatabase } from '../database/clinic-database.js';
import { adjudicate } from './adjudication.js';
import type { SubmitClaimMessage } from './claim-messages.js';

/** From this attempt on a claim that is not there will not come: its transaction failed after the message was sent. */
const LAST_HOPE = 4;

/**
 * Handles a claim's message: asks the payer and writes down what it said. May run twice for one claim, and decides once.
 * @throws BulkheadError `claim_not_written` (503) while the transaction that sent the message may still be open.
 */
export function claimDecisions(database: ClinicDatabase): MessageHandler {
  return async ({ payload, attempt }) => {
    const { claimId } = payload as SubmitClaimMessage;
    const isThere = await database.run(async (transaction) => {
      const { rows } = await transaction.query<{ amount: string; currency: string; state: string }>({
        name: 'claim_to_decide',
        text: 'SELECT amount, currency, state FROM app.claim WHERE id = $1 FOR UPDATE',
        values: [claimId],
      });
      const [claim] = rows;
      if (claim === undefined) return false;
      if (claim.state !== 'submitted') return true;
      const { refusal } = adjudicate({ amount: Number(claim.amount), currency: claim.currency });
      await transaction.query({
        name: 'claim_decide',
        text: 'UPDATE app.claim SET state = $2, refusal = $3, decided_at = now() WHERE id = $1',
        values: [claimId, refusal === null ? 'accepted' : 'rejected', refusal],
      });
      return true;
    });
    if (!isThere && attempt < LAST_HOPE) throw notWritten();
  };
}

function notWritten(): BulkheadError {
  return new BulkheadError({
    code: 'claim_not_written',
    status: 503,
    retryable: true,
    publicMessage: 'The claim is not in the database yet.',
    remediation: 'The message is tried again by itself.',
  });
}
