import { BulkheadError } from '@bulkhead/kernel';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Entitlements } from '../entitlements/entitlements.js';

/**
 * The table of counts, for the service's own migrations: tenants' counts are tenants' data, protected and moved like it.
 * Run it once in each tenant database, as the owner.
 */
export const QUOTA_TABLE = `CREATE TABLE app.quota_use (
  tenant_id text COLLATE "C" NOT NULL,
  quota text COLLATE "C" NOT NULL,
  used bigint NOT NULL CHECK (used >= 0),
  PRIMARY KEY (tenant_id, quota)
);
SELECT bulkhead.protect('app.quota_use');`;

const TAKE = {
  name: 'bulkhead_quota_take',
  text: `INSERT INTO app.quota_use AS q (tenant_id, quota, used) SELECT $1, $2, $3::bigint WHERE $3::bigint <= $4::bigint
    ON CONFLICT (tenant_id, quota) DO UPDATE SET used = q.used + excluded.used WHERE q.used + excluded.used <= $4::bigint
    RETURNING used`,
};
const GIVE_BACK = {
  name: 'bulkhead_quota_give_back',
  text: 'UPDATE app.quota_use SET used = used - $3::bigint WHERE tenant_id = $1 AND quota = $2',
};
const USED = {
  name: 'bulkhead_quota_used',
  text: 'SELECT used FROM app.quota_use WHERE tenant_id = $1 AND quota = $2',
};

/**
 * Exact counts against quotas, such as providers or bytes stored. A count is a row of the tenant's own database and
 * changes in the transaction of what it counts, so both are there or neither is, whatever fails. The price: who takes from
 * one quota of one tenant waits for whoever did so before until that transaction has ended. What need not be exact, such
 * as requests a minute, is a rate limit.
 */
export class QuotaCounters {
  constructor(private readonly entitlements: Entitlements) {}

  /**
   * Takes a part of a quota, in the transaction that uses it.
   * @param amount whole number above 0.
   * @throws BulkheadError `quota_exceeded` (403), after which the transaction can go on; `entitlements_stale` (503).
   */
  async take(transaction: TenantTransaction, tenantId: string, quota: string, amount = 1): Promise<void> {
    requireWhole(amount);
    const ceiling = this.entitlements.quota(tenantId, quota);
    const { rowCount } = await transaction.query({ ...TAKE, values: [tenantId, quota, amount, ceiling] });
    if (rowCount === 0) throw exceeded(quota, ceiling);
  }

  /** Gives a part back, in the transaction that ends its use. Postgres refuses more than was taken (23514). */
  async giveBack(transaction: TenantTransaction, tenantId: string, quota: string, amount = 1): Promise<void> {
    requireWhole(amount);
    await transaction.query({ ...GIVE_BACK, values: [tenantId, quota, amount] });
  }

  /** How much is used, the transaction's own part included. */
  async used(transaction: TenantTransaction, tenantId: string, quota: string): Promise<number> {
    const { rows } = await transaction.query<{ used: string }>({ ...USED, values: [tenantId, quota] });
    return Number(rows[0]?.used ?? 0);
  }
}

function requireWhole(amount: number): void {
  if (!Number.isSafeInteger(amount) || amount < 1) throw new Error('An amount of a quota is a whole number above 0');
}

function exceeded(quota: string, ceiling: number): BulkheadError {
  return new BulkheadError({
    code: 'quota_exceeded',
    status: 403,
    publicMessage: `The subscription includes ${ceiling} ${quota}, and they are in use.`,
    remediation: 'Free some, or ask the administrator of the tenant for a larger subscription.',
  });
}
