import { BulkheadError } from '@bulkhead/kernel';
import type { TenantTransaction } from '@bulkhead/tenancy';
import type { ClinicDatabase } from '../database/clinic-database.js';
import { pageOf, type Page } from '../http/page.js';
import { found, newId, notFound } from '../ids.js';
import type { AppointmentQuery, AppointmentView, BookAppointmentBody } from './appointment-bodies.js';

interface Row {
  readonly id: string;
  readonly unit_id: string;
  readonly patient_id: string;
  readonly practitioner_id: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly state: 'booked' | 'cancelled';
}

const COLUMNS = 'id, unit_id, patient_id, practitioner_id, lower(during) AS starts_at, upper(during) AS ends_at, state';
const LONGEST_MS = 24 * 60 * 60 * 1000;

const viewOf = (row: Row): AppointmentView => ({
  id: row.id,
  unitId: row.unit_id,
  patientId: row.patient_id,
  practitionerId: row.practitioner_id,
  startsAt: row.starts_at.toISOString(),
  endsAt: row.ends_at.toISOString(),
  state: row.state,
});

export class Appointments {
  constructor(private readonly database: ClinicDatabase) {}

  /** @throws BulkheadError `practitioner_not_free` (409): the database lets nobody be in two places at once. */
  async book(body: BookAppointmentBody, idempotencyKey: string): Promise<AppointmentView> {
    const { patientId, practitionerId, startsAt, endsAt } = body;
    requireSensibleTimes(startsAt, endsAt);
    const id = newId('appointment');
    return await this.database.make(
      id,
      { idempotencyKey, body },
      async (transaction) => {
        const { rowCount } = await transaction.query({
          name: 'appointment_book',
          text: `INSERT INTO app.appointment (tenant_id, id, unit_id, patient_id, practitioner_id, during)
                 SELECT tenant_id, $2, unit_id, id, $3, tstzrange($4, $5) FROM app.patient WHERE id = $1`,
          values: [patientId, id, practitionerId, startsAt, endsAt],
        });
        if (rowCount !== 1) throw notFound('patient');
      },
      readAppointment,
    );
  }

  async list(query: AppointmentQuery): Promise<Page<AppointmentView>> {
    const { limit, starting_after: after = '', patient_id: patient, practitioner_id: practitioner } = query;
    const { rows } = await this.database.run((transaction) =>
      transaction.query<Row>({
        name: 'appointment_list',
        text: `SELECT ${COLUMNS} FROM app.appointment
                WHERE id > $1 AND ($2::text IS NULL OR patient_id = $2) AND ($3::text IS NULL OR practitioner_id = $3)
                ORDER BY id LIMIT $4`,
        values: [after, patient ?? null, practitioner ?? null, limit + 1],
      }),
    );
    return pageOf(rows, limit, viewOf);
  }

  async get(id: string): Promise<AppointmentView> {
    return await this.database.run((transaction) => readAppointment(transaction, id));
  }

  /** Frees the practitioner. Cancelling what was cancelled changes nothing. */
  async cancel(id: string): Promise<AppointmentView> {
    return await this.database.run(async (transaction) => {
      const { rows } = await transaction.query<Row>({
        name: 'appointment_cancel',
        text: `UPDATE app.appointment SET state = 'cancelled' WHERE id = $1 RETURNING ${COLUMNS}`,
        values: [id],
      });
      return viewOf(found('appointment', rows[0]));
    });
  }
}

async function readAppointment(transaction: TenantTransaction, id: string): Promise<AppointmentView> {
  const { rows } = await transaction.query<Row>({
    name: 'appointment_get',
    text: `SELECT ${COLUMNS} FROM app.appointment WHERE id = $1`,
    values: [id],
  });
  return viewOf(found('appointment', rows[0]));
}

function requireSensibleTimes(startsAt: string, endsAt: string): void {
  const duration = Date.parse(endsAt) - Date.parse(startsAt);
  if (duration > 0 && duration <= LONGEST_MS) return;
  const message = 'An appointment ends after it starts, and within a day.';
  throw new BulkheadError({
    code: 'appointment_times',
    status: 422,
    publicMessage: message,
    remediation: 'Send an endsAt after startsAt, at most 24 hours later.',
    errors: [{ pointer: '/endsAt', message }],
  });
}
