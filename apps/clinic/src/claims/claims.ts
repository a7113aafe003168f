import { currentTenant, type TenantQueues, type TenantTransaction } from '@bulkhead/tenancy';
import type { ClinicDatabase } from '../database/clinic-database.js';
import { pageOf, type Page } from '../http/page.js';
import { found, newId, notFound } from '../ids.js';
import { messageIdOf, SUBMIT_CLAIM, type SubmitClaimMessage } from './claim-messages.js';
import type { ClaimQuery, ClaimState, ClaimView, SubmitClaimBody } from './claim-bodies.js';

interface Row {
  readonly id: string;
  readonly unit_id: string;
  readonly patient_id: string;
  readonly appointment_id: string;
  readonly procedure_code: string;
  readonly amount: string;
  readonly currency: string;
  readonly state: ClaimState;
  readonly refusal: string | null;
}

const COLUMNS = 'id, unit_id, patient_id, appointment_id, procedure_code, amount, currency, state, refusal';

const viewOf = (row: Row): ClaimView => ({
  id: row.id,
  unitId: row.unit_id,
  patientId: row.patient_id,
  appointmentId: row.appointment_id,
  procedureCode: row.procedure_code,
  amount: Number(row.amount),
  currency: row.currency,
  state: row.state,
  refusal: row.refusal,
});

export class Claims {
  constructor(
    private readonly database: ClinicDatabase,
    private readonly queues: Pick<TenantQueues, 'send'>,
  ) {}

  /**
   * Writes the claim and queues it in one transaction.
   * @throws BulkheadError `claim_exists` (409) when the procedure of the appointment was claimed already.
   */
  async submit(body: SubmitClaimBody, idempotencyKey: string): Promise<ClaimView> {
    const { appointmentId, procedureCode, amount, currency } = body;
    const id = newId('claim');
    return await this.database.make(
      id,
      { idempotencyKey, body },
      async (transaction) => {
        const { rowCount } = await transaction.query({
          name: 'claim_submit',
          text: `INSERT INTO app.claim
                   (tenant_id, id, unit_id, patient_id, appointment_id, procedure_code, amount, currency)
                 SELECT tenant_id, $2, unit_id, patient_id, id, $3, $4::bigint, $5 FROM app.appointment WHERE id = $1`,
          values: [appointmentId, id, procedureCode, amount, currency],
        });
        if (rowCount !== 1) throw notFound('appointment');
        const message: SubmitClaimMessage = { claimId: id };
        await this.queues.send(currentTenant(), SUBMIT_CLAIM, message, { id: messageIdOf(id), transaction });
      },
      readClaim,
    );
  }

  async list({ limit, starting_after: after = '', appointment_id: appointment }: ClaimQuery): Promise<Page<ClaimView>> {
    const { rows } = await this.database.run((transaction) =>
      transaction.query<Row>({
        name: 'claim_list',
        text: `SELECT ${COLUMNS} FROM app.claim WHERE id > $1 AND ($2::text IS NULL OR appointment_id = $2)
                ORDER BY id LIMIT $3`,
        values: [after, appointment ?? null, limit + 1],
      }),
    );
    return pageOf(rows, limit, viewOf);
  }

  async get(id: string): Promise<ClaimView> {
    return await this.database.run((transaction) => readClaim(transaction, id));
  }
}

async function readClaim(transaction: TenantTransaction, id: string): Promise<ClaimView> {
  const { rows } = await transaction.query<Row>({
    name: 'claim_get',
    text: `SELECT ${COLUMNS} FROM app.claim WHERE id = $1`,
    values: [id],
  });
  return viewOf(found('claim', rows[0]));
}
