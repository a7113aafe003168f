import type { TenantPlane } from '@bulkhead/tenancy/testing';

export const TENANT = 'ten_00000000000000000000000000000500';
/** A tenant with a tenth of all rows. */
export const LARGE_TENANT = 'ten_00000000000000000000000000000000';
const TENANTS = 901;
const ROWS = 1_000_000;

/**
 * Tables of a million rows, all alike but for how a tenant is kept to its own: `note` is protected, `note_open` not at
 * all, and `note_unsigned` has row security on a setting that anybody could forge, to tell the cost of row security
 * from the cost of the signature.
 */
export async function makeTenantTables(plane: TenantPlane): Promise<void> {
  await plane.asOwner(
    `INSERT INTO bulkhead.tenant_home SELECT 'ten_' || lpad(n::text, 32, '0'), bulkhead.this_home(), 1 FROM generate_series(0, ${TENANTS - 1}) n`,
  );
  for (const table of ['note', 'note_open', 'note_unsigned']) {
    await plane.asOwner(
      `CREATE TABLE app.${table} (tenant_id text COLLATE "C", id int, name text COLLATE "C" NOT NULL, amount int NOT NULL, body text NOT NULL)`,
    );
    await plane.asOwner(`INSERT INTO app.${table}
      SELECT 'ten_' || lpad((CASE WHEN n % 10 = 0 THEN 0 ELSE 1 + n % ${TENANTS - 1} END)::text, 32, '0'), n, 'name ' || md5(n::text), n % 1000, repeat('x', 60)
        FROM generate_series(1, ${ROWS}) n`);
    await plane.asOwner(
      `ALTER TABLE app.${table} ADD PRIMARY KEY (tenant_id, id); CREATE INDEX ON app.${table} (tenant_id, name)`,
    );
  }
  await plane.asOwner(`SELECT bulkhead.protect('app.note');
    ALTER TABLE app.note_unsigned ENABLE ROW LEVEL SECURITY;
    CREATE POLICY unsigned ON app.note_unsigned USING (tenant_id = split_part(current_setting('bulkhead.context', true), '.', 3))`);
  await plane.asSuperuser('VACUUM ANALYZE');
}
