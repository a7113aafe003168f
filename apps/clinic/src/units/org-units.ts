import { BulkheadError } from '@bulkhead/kernel';
import { currentTenant, type TenantTransaction } from '@bulkhead/tenancy';
import type { ClinicDatabase, Request } from '../database/clinic-database.js';
import { pageOf, type Page, type PageQuery } from '../http/page.js';
import { found, newId, notFound } from '../ids.js';
import type { CreateOrgUnitBody, OrgUnitView } from './org-unit-bodies.js';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly parent_id: string | null;
}

const viewOf = ({ id, name, parent_id }: Row): OrgUnitView => ({ id, name, parentId: parent_id });

/** The tree of org units; whoever is limited to a unit sees it and what lies below. */
export class OrgUnits {
  constructor(private readonly database: ClinicDatabase) {}

  async create(body: CreateOrgUnitBody, idempotencyKey: string): Promise<OrgUnitView> {
    const { parentId, name } = body;
    const { tenantId, unit } = currentTenant();
    if (parentId === undefined && unit !== undefined) throw rootOutOfReach();
    const id = newId('org unit');
    const request: Request = { idempotencyKey, body };
    return await this.database.make(
      id,
      request,
      async (transaction) => {
        const { rowCount } = await (parentId === undefined
          ? transaction.query({
              name: 'unit_root',
              text: 'INSERT INTO app.org_unit (tenant_id, id, name, lineage) VALUES ($1, $2, $3, ARRAY[$2])',
              values: [tenantId, id, name],
            })
          : transaction.query({
              name: 'unit_child',
              text: `INSERT INTO app.org_unit (tenant_id, id, name, parent_id, lineage)
                     SELECT tenant_id, $1, $2, id, lineage || $1::text FROM app.org_unit WHERE id = $3`,
              values: [id, name, parentId],
            }));
        if (rowCount !== 1) throw notFound('org unit');
      },
      readUnit,
    );
  }

  async list({ limit, starting_after: after = '' }: PageQuery): Promise<Page<OrgUnitView>> {
    const { rows } = await this.database.run((transaction) =>
      transaction.query<Row>({
        name: 'unit_list',
        text: 'SELECT id, name, parent_id FROM app.org_unit WHERE id > $1 ORDER BY id LIMIT $2',
        values: [after, limit + 1],
      }),
    );
    return pageOf(rows, limit, viewOf);
  }

  async get(id: string): Promise<OrgUnitView> {
    return await this.database.run((transaction) => readUnit(transaction, id));
  }
}

async function readUnit(transaction: TenantTransaction, id: string): Promise<OrgUnitView> {
  const { rows } = await transaction.query<Row>({
    name: 'unit_get',
    text: 'SELECT id, name, parent_id FROM app.org_unit WHERE id = $1',
    values: [id],
  });
  return viewOf(found('org unit', rows[0]));
}

function rootOutOfReach(): BulkheadError {
  return new BulkheadError({
    code: 'outside_unit',
    status: 403,
    publicMessage: 'Your rights are limited to an org unit; a new root would lie outside of it.',
    remediation: 'Name your unit, or one below it, as the parent.',
  });
}
