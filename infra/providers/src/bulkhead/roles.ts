import pg from 'pg';

interface Granted {
  readonly database: string;
  readonly ownerRole: string;
  readonly schemaVersion: string;
}

export async function roleExists(client: pg.ClientBase, role: string): Promise<boolean> {
  return ((await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role])).rowCount ?? 0) > 0;
}

/**
 * Makes the NOLOGIN role that owns the tables. Since Postgres 16 the creator of a role only administers it: to act as
 * the owner the master must grant itself SET. It does not inherit, so it has the owner's rights only when it says so.
 */
export async function ensureOwnerRole(client: pg.ClientBase, role: string): Promise<void> {
  const name = client.escapeIdentifier(role);
  if (!(await roleExists(client, role))) await client.query(`CREATE ROLE ${name} NOLOGIN`);
  await client.query(`GRANT ${name} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE`);
}

/** Makes a login that is nothing but one, without a password: nobody can use it yet. */
export async function ensureLoginRole(client: pg.ClientBase, role: string): Promise<void> {
  if (await roleExists(client, role)) return;
  await client.query(
    `CREATE ROLE ${client.escapeIdentifier(role)} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION`,
  );
}

/**
 * Lets the migrator into the database and into the owner's role, which it takes with SET ROLE and never inherits: what it
 * makes belongs to the owner, and a statement that forgets to take the role can do nothing.
 */
export async function grantMigrator(
  client: pg.ClientBase,
  { database, ownerRole, migratorRole }: { database: string; ownerRole: string; migratorRole: string },
): Promise<void> {
  const migrator = client.escapeIdentifier(migratorRole);
  await client.query(`GRANT ${client.escapeIdentifier(ownerRole)} TO ${migrator} WITH SET TRUE, INHERIT FALSE`);
  await client.query(`SET ROLE ${client.escapeIdentifier(ownerRole)}`);
  await client.query(`GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database)} TO ${migrator}`);
  await client.query('RESET ROLE');
}

/**
 * What the serving role may do: connect, and change rows of the workload's tables. It may not TRUNCATE, which ignores
 * row security, nor REFERENCES, which tells whether a row of another tenant exists. The client acts as the owner.
 */
export async function grantServing(
  client: pg.ClientBase,
  { database, ownerRole, servingRole, schemaVersion }: Granted & { servingRole: string },
): Promise<void> {
  const serving = client.escapeIdentifier(servingRole);
  const owner = client.escapeIdentifier(ownerRole);
  await client.query(`GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database)} TO ${serving}`);
  await client.query(`GRANT USAGE ON SCHEMA app TO ${serving}`);
  const defaults = `ALTER DEFAULT PRIVILEGES FOR ROLE ${owner} IN SCHEMA app GRANT`;
  await client.query(`${defaults} SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${serving}`);
  await client.query(`${defaults} USAGE ON SEQUENCES TO ${serving}`);
  await letCall(client, servingRole, 'serving', schemaVersion);
}

/**
 * What the role of the queue's consumers may do: connect, and ask whose turn it is. It is given no table and no schema
 * of the workload. The client acts as the owner.
 */
export async function grantConsumer(
  client: pg.ClientBase,
  { database, consumerRole, schemaVersion }: Granted & { consumerRole: string },
): Promise<void> {
  await client.query(
    `GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database)} TO ${client.escapeIdentifier(consumerRole)}`,
  );
  await letCall(client, consumerRole, 'consumer', schemaVersion);
}

/** Before version 6 of the plane schema everybody could call every function of the schema `tenancy`. */
async function letCall(
  client: pg.ClientBase,
  role: string,
  kind: 'serving' | 'consumer',
  schemaVersion: string,
): Promise<void> {
  if (Number(schemaVersion) >= 6) await client.query('SELECT bulkhead.let_call($1, $2)', [role, kind]);
}
