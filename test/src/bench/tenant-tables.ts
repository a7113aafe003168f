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
  await makePartialChecks(plane);
  await plane.asSuperuser('VACUUM ANALYZE');
}

/** Parts of what `bulkhead.current_tenant()` (plane schema, 0002) does, to tell what each of them costs. */
const PARTIAL_CHECKS = {
  call: `BEGIN RETURN split_part(current_setting('bulkhead.context', true), '.', 3); END`,
  look_up: `DECLARE
      part text[] := string_to_array(current_setting('bulkhead.context', true), '.'); pad bytea; place text;
    BEGIN
      SELECT k.inner_pad, t.home INTO pad, place
        FROM bulkhead.context_key k LEFT JOIN bulkhead.tenant_home t ON t.tenant_id = part[3] WHERE k.id = part[2];
      RETURN part[3];
    END`,
  hash: `DECLARE
      context text := current_setting('bulkhead.context', true); pad bytea := '\\x36';
    BEGIN
      IF (encode(sha256(pad || sha256(pad || convert_to(left(context, -65), 'UTF8'))), 'hex') = right(context, 64)) IS NULL
      THEN RETURN NULL; END IF;
      RETURN split_part(context, '.', 3);
    END`,
} as const;

/** Tables with the rows of one tenant: `note_call`, `note_look_up` and `note_hash`. */
async function makePartialChecks(plane: TenantPlane): Promise<void> {
  for (const [name, body] of Object.entries(PARTIAL_CHECKS)) {
    await plane.asOwner(`CREATE TABLE app.note_${name} (LIKE app.note INCLUDING ALL);
      INSERT INTO app.note_${name} SELECT * FROM app.note_open WHERE tenant_id = '${TENANT}';
      CREATE FUNCTION app.check_${name}() RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE AS $$ ${body} $$;
      ALTER TABLE app.note_${name} ENABLE ROW LEVEL SECURITY;
      CREATE POLICY part ON app.note_${name} USING ((tenant_id, tenant_id) = (SELECT v.tenant, v.tenant FROM
        (SELECT app.check_${name}() AS tenant OFFSET 0) v))`);
  }
}
