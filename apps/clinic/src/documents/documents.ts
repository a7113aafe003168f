import { createHash } from 'node:crypto';
import { currentTenant, type StoredObject, type TenantStorage, type TenantTransaction } from '@bulkhead/tenancy';
import type { ClinicDatabase } from '../database/clinic-database.js';
import type { Page } from '../http/page.js';
import { found, newId, notFound } from '../ids.js';
import type { Phi } from '../phi/phi.js';
import type { DocumentQuery, DocumentView, StoreDocumentBody } from './document-bodies.js';

interface Row {
  readonly id: string;
  readonly unit_id: string;
  readonly patient_id: string;
  readonly name: Buffer;
  readonly content_type: string;
  readonly bytes: string;
  readonly sha256: Buffer;
}

const COLUMNS = 'id, unit_id, patient_id, name, content_type, bytes, sha256';

/** Documents of patients: rows in the database, contents in the tenant's object storage under the row's id. */
export class Documents {
  constructor(
    private readonly database: ClinicDatabase,
    private readonly phi: Phi,
    private readonly storage: Pick<TenantStorage, 'put' | 'get' | 'delete'>,
  ) {}

  /**
   * Writes the row, the content, and that the content is there, in this order: whatever is cut off leaves no content
   * that no row knows. The same request sent again writes the content again, which is the same.
   */
  async store(body: StoreDocumentBody, idempotencyKey: string): Promise<DocumentView> {
    const { patientId, contentType } = body;
    const content = Buffer.from(body.content, 'base64');
    const name = await this.phi.seal('document.name', body.name);
    const sha256 = createHash('sha256').update(content).digest();
    const id = newId('document');
    const row = await this.database.make(
      id,
      { idempotencyKey, body },
      async (transaction) => {
        const { rowCount } = await transaction.query({
          name: 'document_begin',
          text: `INSERT INTO app.document (tenant_id, id, unit_id, patient_id, name, content_type, bytes, sha256)
                 SELECT tenant_id, $2, unit_id, id, $3::bytea, $4, $5::bigint, $6::bytea FROM app.patient WHERE id = $1`,
          values: [patientId, id, name, contentType, content.length, sha256],
        });
        if (rowCount !== 1) throw notFound('patient');
      },
      (transaction, made) => readDocument(transaction, made, false),
    );
    await this.storage.put(currentTenant(), objectKey(row.id), content, { contentType });
    await this.database.run((transaction) =>
      transaction.query({
        name: 'document_stored',
        text: 'UPDATE app.document SET stored_at = coalesce(stored_at, now()) WHERE id = $1',
        values: [row.id],
      }),
    );
    return await this.#view(row);
  }

  async list({ limit, starting_after: after = '', patient_id: patient }: DocumentQuery): Promise<Page<DocumentView>> {
    const { rows } = await this.database.run((transaction) =>
      transaction.query<Row>({
        name: 'document_list',
        text: `SELECT ${COLUMNS} FROM app.document
                WHERE id > $1 AND stored_at IS NOT NULL AND ($2::text IS NULL OR patient_id = $2) ORDER BY id LIMIT $3`,
        values: [after, patient ?? null, limit + 1],
      }),
    );
    const data = await Promise.all(rows.slice(0, limit).map((row) => this.#view(row)));
    return { data, hasMore: rows.length > limit };
  }

  async get(id: string): Promise<DocumentView> {
    return await this.#view(await this.database.run((transaction) => readDocument(transaction, id)));
  }

  /** The content, for whoever may see the row. */
  async content(id: string): Promise<StoredObject> {
    await this.database.run((transaction) => readDocument(transaction, id));
    return await this.storage.get(currentTenant(), objectKey(id));
  }

  /** Removes content and row. The content goes first: what is cut off can be removed again. */
  async remove(id: string): Promise<void> {
    await this.database.run((transaction) => readDocument(transaction, id, false));
    await this.storage.delete(currentTenant(), objectKey(id));
    await this.database.run((transaction) =>
      transaction.query({ name: 'document_remove', text: 'DELETE FROM app.document WHERE id = $1', values: [id] }),
    );
  }

  async #view(row: Row): Promise<DocumentView> {
    return {
      id: row.id,
      unitId: row.unit_id,
      patientId: row.patient_id,
      name: (await this.phi.open('document.name', row.name)) ?? '',
      contentType: row.content_type,
      bytes: Number(row.bytes),
      sha256: row.sha256.toString('hex'),
    };
  }
}

async function readDocument(transaction: TenantTransaction, id: string, storedOnly = true): Promise<Row> {
  const { rows } = await transaction.query<Row>({
    name: storedOnly ? 'document_get' : 'document_get_any',
    text: `SELECT ${COLUMNS} FROM app.document WHERE id = $1${storedOnly ? ' AND stored_at IS NOT NULL' : ''}`,
    values: [id],
  });
  return found('document', rows[0]);
}

function objectKey(id: string): string {
  return `documents/${id}`;
}
