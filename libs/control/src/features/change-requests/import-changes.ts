import { createHash } from 'node:crypto';
import { readChangeCsv, type ChangeCsvRow, type CsvWish } from '@bulkhead/domain/change-requests';
import { BulkheadError, isId, type TenantId } from '@bulkhead/kernel';
import { TenantEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CommandGate, type Call } from '../../gate/index.js';
import type { ImportedRow } from './change-answers.js';
import { RequestChange } from './request-change.js';
import { makeStatusLink } from './status-link.js';

/** Requests from a file, each a command of its own: one that is refused takes no other with it. */
@Injectable()
export class ChangeImport {
  constructor(
    private readonly gate: CommandGate,
    private readonly source: DataSource,
  ) {}

  /** @throws BulkheadError `invalid_csv` (422) when the file as a whole cannot be read. */
  async run(bytes: Uint8Array, call: Call, dryRun: boolean): Promise<ImportedRow[]> {
    const results: ImportedRow[] = [];
    // One after the other: rows for one tenant are refused in the order of the file.
    for (const row of readChangeCsv(bytes)) results.push(await this.#row(row, call, dryRun));
    return results;
  }

  async #row(row: ChangeCsvRow, call: Call, dryRun: boolean): Promise<ImportedRow> {
    const { line } = row;
    if ('problem' in row) return refused(line, { ...row.problem, remediation: 'Mend the row and send it again.' });
    try {
      const link = makeStatusLink();
      const command = new RequestChange({
        ...(await this.#wish(row.wish)),
        principal: call.principal,
        statusDigest: link.digest,
      });
      if (dryRun) return { line, outcome: 'checked', change: await this.gate.rehearse(command, call), ...nothing };
      const change = await this.gate.execute(command, rowCall(call, line));
      return { line, outcome: 'created', change, statusPath: link.path, error: null };
    } catch (error) {
      if (!(error instanceof BulkheadError)) throw error;
      const { code, publicMessage: message, remediation } = error;
      return refused(line, { code, message, remediation });
    }
  }

  async #wish({ tenant, reason, contactEmail, ...target }: CsvWish) {
    const tenantId = isId('tenant', tenant) ? tenant : await this.#bySlug(tenant);
    return { reason, ...(contactEmail !== undefined && { contactEmail }), quote: { target: { ...target, tenantId } } };
  }

  async #bySlug(slug: string): Promise<TenantId> {
    const found = await this.source.manager
      .createQueryBuilder(TenantEntity, 'tenant')
      .where(`tenant.slug = :slug and tenant.state <> 'abandoned'`, { slug })
      .getOne();
    if (found) return found.id;
    throw new BulkheadError({
      code: 'tenant_not_found',
      status: 404,
      publicMessage: 'There is no tenant with this id or slug.',
      remediation: 'Look it up with GET /v1/tenants.',
    });
  }
}

const nothing = { statusPath: null, error: null };

function refused(line: number, error: { code: string; message: string; remediation: string }): ImportedRow {
  return { line, outcome: 'refused', change: null, statusPath: null, error };
}

/** The file's key makes one for each row, so that sending the file again carries out what is missing. */
function rowCall({ idempotencyKey, ...call }: Call, line: number): Call {
  if (idempotencyKey === undefined) return call;
  const digest = createHash('sha256').update(idempotencyKey).digest('base64url');
  return { ...call, idempotencyKey: `import:${digest}:${line}` };
}
