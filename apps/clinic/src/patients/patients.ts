import type { TenantTransaction } from '@bulkhead/tenancy';
import type { ClinicDatabase } from '../database/clinic-database.js';
import { pageOf, type Page } from '../http/page.js';
import { found, newId, notFound } from '../ids.js';
import type { Phi } from '../phi/phi.js';
import type {
  ChangePatientBody,
  CreatePatientBody,
  PatientDetail,
  PatientQuery,
  PatientView,
} from './patient-bodies.js';

interface Row {
  readonly id: string;
  readonly unit_id: string;
  readonly family_name: string;
  readonly given_name: string;
  readonly birth_date: string;
  readonly created_at: Date;
}

interface DetailRow extends Row {
  readonly national_id: Buffer | null;
  readonly notes: Buffer | null;
}

const COLUMNS = 'id, unit_id, family_name, given_name, birth_date::text AS birth_date, created_at';
const DETAILS = `${COLUMNS}, national_id, notes`;
/** Sorts after every text that begins like the one before it: the last code point of Unicode. */
const AFTER_ALL = '\u{10ffff}';

const viewOf = (row: Row): PatientView => ({
  id: row.id,
  unitId: row.unit_id,
  familyName: row.family_name,
  givenName: row.given_name,
  birthDate: row.birth_date,
  createdAt: row.created_at.toISOString(),
});

export class Patients {
  constructor(
    private readonly database: ClinicDatabase,
    private readonly phi: Phi,
  ) {}

  async create(body: CreatePatientBody, idempotencyKey: string): Promise<PatientDetail> {
    const { unitId, familyName, givenName, birthDate } = body;
    const nationalId = await this.phi.seal('patient.national-id', body.nationalId);
    const notes = await this.phi.seal('patient.notes', body.notes);
    const id = newId('patient');
    const row = await this.database.make(
      id,
      { idempotencyKey, body },
      async (transaction) => {
        const { rowCount } = await transaction.query({
          name: 'patient_create',
          text: `INSERT INTO app.patient (tenant_id, id, unit_id, family_name, given_name, search_name, birth_date, national_id, notes)
                 SELECT tenant_id, $2, id, $3, $4, $5, $6::date, $7::bytea, $8::bytea FROM app.org_unit WHERE id = $1`,
          values: [unitId, id, familyName, givenName, searchName(familyName), birthDate, nationalId, notes],
        });
        if (rowCount !== 1) throw notFound('org unit');
      },
      readPatient,
    );
    return await this.#detail(row);
  }

  async list({
    limit,
    starting_after: after = '',
    family_name: prefix = '',
  }: PatientQuery): Promise<Page<PatientView>> {
    const from = searchName(prefix);
    const { rows } = await this.database.run((transaction) =>
      transaction.query<Row>({
        name: 'patient_list',
        text: `SELECT ${COLUMNS} FROM app.patient
                WHERE search_name >= $1 AND search_name < $2 AND id > $3 ORDER BY id LIMIT $4`,
        values: [from, from + AFTER_ALL, after, limit + 1],
      }),
    );
    return pageOf(rows, limit, viewOf);
  }

  async get(id: string): Promise<PatientDetail> {
    return await this.#detail(await this.database.run((transaction) => readPatient(transaction, id)));
  }

  /** Changes what the body names. With the unit go the patient's appointments, claims and documents. */
  async change(id: string, body: ChangePatientBody): Promise<PatientDetail> {
    const { unitId, familyName, givenName } = body;
    const notes = await this.phi.seal('patient.notes', body.notes);
    const row = await this.database.run(async (transaction) => {
      if (unitId !== undefined) await requireUnit(transaction, unitId);
      const { rows } = await transaction.query<DetailRow>({
        name: 'patient_change',
        text: `UPDATE app.patient SET unit_id = coalesce($2, unit_id), family_name = coalesce($3, family_name),
                 given_name = coalesce($4, given_name), search_name = coalesce($5, search_name), notes = coalesce($6, notes)
                WHERE id = $1 RETURNING ${DETAILS}`,
        values: [
          id,
          unitId ?? null,
          familyName ?? null,
          givenName ?? null,
          familyName === undefined ? null : searchName(familyName),
          notes,
        ],
      });
      return found('patient', rows[0]);
    });
    return await this.#detail(row);
  }

  async #detail(row: DetailRow): Promise<PatientDetail> {
    const nationalId = await this.phi.open('patient.national-id', row.national_id);
    return { ...viewOf(row), nationalId, notes: await this.phi.open('patient.notes', row.notes) };
  }
}

async function readPatient(transaction: TenantTransaction, id: string): Promise<DetailRow> {
  const { rows } = await transaction.query<DetailRow>({
    name: 'patient_get',
    text: `SELECT ${DETAILS} FROM app.patient WHERE id = $1`,
    values: [id],
  });
  return found('patient', rows[0]);
}

/** The foreign key would let a unit pass that is out of the person's reach. */
async function requireUnit(transaction: TenantTransaction, id: string): Promise<void> {
  const { rows } = await transaction.query({
    name: 'unit_there',
    text: 'SELECT id FROM app.org_unit WHERE id = $1',
    values: [id],
  });
  found('org unit', rows[0]);
}

function searchName(familyName: string): string {
  return familyName.normalize('NFC').toLowerCase();
}
