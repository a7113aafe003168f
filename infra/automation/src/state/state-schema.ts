import type pg from 'pg';

/** Schema and table of Pulumi's state; the `postgres://` backend finds the table by the login's search path. */
export const STATE_TABLE = 'bulkhead_state.pulumi_state';
/** Serialises set-ups: two workers that start together would otherwise both create the roles. */
const SETUP_LOCK = 7_264_118_003;

/** NOLOGIN role that owns the state table. Roles belong to the whole server, hence the database's name in it. */
export function stateOwner(database: string): string {
  return `${database}_owner`;
}

/**
 * Prepares the state database; safe to repeat and to run from several workers at once. Needs a login that owns the
 * database and has CREATEROLE; superuser is not needed.
 *
 * Two facts of Pulumi's backend (pkg/backend/diy/postgres, 3.259) shape this. At every start it runs CREATE TABLE and
 * CREATE INDEX IF NOT EXISTS, which Postgres allows only to the table's owner and its members, even if both exist: so
 * a run's login is a member of the owner. And all stacks share the table: so row security is forced, which binds the
 * owner's members too, and a run sees the rows of the stack that its lease names, and nothing once the lease moved on.
 */
export async function ensureStateSchema(client: pg.ClientBase): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [SETUP_LOCK]);
    const { rows } = await client.query<{ database: string; admin: string; ready: boolean }>(
      `SELECT current_database() AS database, current_user AS admin,
              to_regclass('${STATE_TABLE}') IS NOT NULL AS ready`,
    );
    const { database, admin, ready } = rows[0]!;
    if (!ready) await createStateSchema(client, database, admin);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

async function createStateSchema(client: pg.ClientBase, database: string, admin: string): Promise<void> {
  const owner = client.escapeIdentifier(stateOwner(database));
  const quotedAdmin = client.escapeIdentifier(admin);
  const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [stateOwner(database)]);
  if (rowCount === 0) await client.query(`CREATE ROLE ${owner} NOLOGIN`);
  await client.query(`GRANT ${owner} TO ${quotedAdmin} WITH INHERIT TRUE, SET TRUE`);
  await client.query(`GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database)} TO ${owner}`);
  await client.query(leaseTables());
  await client.query(stateTable(owner, quotedAdmin));
  // Version 1 is the layout with projects. Written here because a run may not write what belongs to no stack.
  await client.query(`INSERT INTO ${STATE_TABLE} (key, data) VALUES ($1, json_build_object('data', $2::text))`, [
    `${database}/.pulumi/meta.yaml`,
    Buffer.from('version: 1\n').toString('base64'),
  ]);
}

function leaseTables(): string {
  return `
    CREATE SCHEMA bulkhead_lease;
    CREATE SEQUENCE bulkhead_lease.tokens;
    CREATE TABLE bulkhead_lease.pulumi_leases (
      stack text PRIMARY KEY,
      token bigint NOT NULL,
      holder text NOT NULL,
      operation text NOT NULL,
      state_login name,
      discarded_by text,
      acquired_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    COMMENT ON COLUMN bulkhead_lease.pulumi_leases.state_login IS 'Null when nobody holds the stack.';
    COMMENT ON COLUMN bulkhead_lease.pulumi_leases.discarded_by IS 'Operation that took the stack down for good.';
    -- Every login that was made and is not yet proven gone: what a takeover has to end before it goes on.
    CREATE TABLE bulkhead_lease.state_logins (
      login name PRIMARY KEY,
      stack text NOT NULL,
      valid_until timestamptz NOT NULL
    );
    CREATE INDEX ON bulkhead_lease.state_logins (stack);
    -- session_user, not current_user: SET ROLE must not open another stack.
    CREATE FUNCTION bulkhead_lease.run_stack() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
      SET search_path = pg_catalog AS
      $$ SELECT stack FROM bulkhead_lease.pulumi_leases WHERE state_login = session_user $$;
    REVOKE ALL ON FUNCTION bulkhead_lease.run_stack() FROM PUBLIC;`;
}

/** Keys look like `db/.pulumi/stacks/bulkhead/STACK.json` and `db/.pulumi/{history,backups,locks/organization}/bulkhead/STACK/…`. */
function stateTable(owner: string, admin: string): string {
  return `
    CREATE SCHEMA bulkhead_state AUTHORIZATION ${owner};
    CREATE TABLE ${STATE_TABLE} (
      key text PRIMARY KEY,
      data json NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now(),
      stack text GENERATED ALWAYS AS (
        substring(key from '/\\.pulumi/(?:stacks|history|backups|locks/organization)/bulkhead/([^/]+?)(?:\\.json|\\.pulumi-tags|/)')
      ) STORED
    );
    CREATE INDEX pulumi_state_key_prefix_idx ON ${STATE_TABLE} (key text_pattern_ops);
    CREATE INDEX pulumi_state_stack_idx ON ${STATE_TABLE} (stack);
    ALTER TABLE ${STATE_TABLE} OWNER TO ${owner};
    ALTER TABLE ${STATE_TABLE} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE ${STATE_TABLE} FORCE ROW LEVEL SECURITY;
    CREATE POLICY admin ON ${STATE_TABLE} TO ${admin} USING (true) WITH CHECK (true);
    CREATE POLICY own_stack ON ${STATE_TABLE} TO ${owner}
      USING (stack = (SELECT bulkhead_lease.run_stack())) WITH CHECK (stack = (SELECT bulkhead_lease.run_stack()));
    CREATE POLICY layout ON ${STATE_TABLE} FOR SELECT TO ${owner}
      USING (stack IS NULL AND key = current_database() || '/.pulumi/meta.yaml');
    GRANT USAGE ON SCHEMA bulkhead_lease TO ${owner};
    GRANT EXECUTE ON FUNCTION bulkhead_lease.run_stack() TO ${owner};`;
}
