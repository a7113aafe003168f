import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { contextKeyPads, signContext, type ContextClaims, type ContextKey } from '@bulkhead/domain/context';
import { Redacted } from '@bulkhead/kernel';
import { startTestPostgres } from '@bulkhead/store/testing';
import pg from 'pg';

const PLANE_SCHEMA = new URL('../../../../infra/providers/src/bulkhead/plane-schema/', import.meta.url);
const PASSWORD = 'test-only';

/** A tenant database as the provider makes it, on a real server, with the roles of one home. */
export interface TenantPlane {
  readonly home: string;
  readonly ownerRole: string;
  readonly servingRole: string;
  readonly servingUrl: string;
  readonly consumerRole: string;
  readonly consumerUrl: string;
  readonly superuserUrl: string;
  readonly key: ContextKey;
  /** A context signed with the plane's key, good for ten minutes unless told otherwise. */
  sign(tenantId: string, claims?: Partial<ContextClaims>, key?: ContextKey): string;
  /** Runs SQL as the owner role, one statement or many. */
  asOwner<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  asSuperuser<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  setKey(key: ContextKey): Promise<void>;
  /** Registers the tenants here, at epoch 1. */
  settle(...tenantIds: string[]): Promise<void>;
  stop(): Promise<void>;
}

/** A new key with random bytes. */
export function testKey(id: string): ContextKey {
  return { id, secret: new Redacted<Uint8Array>(randomBytes(32)) };
}

/**
 * Makes a database with its owner (NOLOGIN), serving and consumer role, the plane schema and one context key.
 * @param home id that the database has as a home of tenants.
 */
export async function startTenantPlane(home: string): Promise<TenantPlane> {
  const database = await startTestPostgres({ migrated: false });
  const ownerRole = `${database.name}_owner`;
  const servingRole = `${database.name}_app`;
  const consumerRole = `${database.name}_consumer`;
  const admin = new pg.Client(database.superuserUrl);
  await admin.connect();
  await makeRoles(admin, database.name, ownerRole, [servingRole, consumerRole]);
  const owner = new pg.Client(database.superuserUrl);
  await owner.connect();
  await owner.query(`SET ROLE ${ownerRole}`);
  await applySchema(owner, home, servingRole, consumerRole);
  const key = testKey('k1');
  const plane: TenantPlane = {
    home,
    ownerRole,
    servingRole,
    servingUrl: withLogin(database.superuserUrl, servingRole),
    consumerRole,
    consumerUrl: withLogin(database.superuserUrl, consumerRole),
    superuserUrl: database.superuserUrl,
    key,
    sign: (tenantId, claims = {}, signer = key) =>
      signContext(signer, { tenantId, home, epoch: 1, expiresAt: Math.floor(Date.now() / 1000) + 600, ...claims }),
    asOwner: async (sql, values) => rowsOf(await owner.query(sql, values)),
    asSuperuser: async (sql, values) => rowsOf(await admin.query(sql, values)),
    async setKey(added) {
      const { inner, outer } = contextKeyPads(added);
      await owner.query('SELECT bulkhead.set_context_key($1, $2, $3)', [added.id, inner, outer]);
    },
    async settle(...tenantIds) {
      await owner.query('INSERT INTO bulkhead.tenant_home SELECT tenant, $2, 1 FROM unnest($1::text[]) tenant', [
        tenantIds,
        home,
      ]);
    },
    async stop() {
      await owner.end();
      await admin.end();
      await database.stop();
      await dropRoles(database.superuserUrl, servingRole, consumerRole, ownerRole);
    },
  };
  await plane.setKey(key);
  return plane;
}

function rowsOf<Row extends pg.QueryResultRow>(result: pg.QueryResult<Row>): Row[] {
  return result.rows;
}

function withLogin(url: string, role: string): string {
  const login = new URL(url);
  login.username = role;
  login.password = PASSWORD;
  return login.toString();
}

async function makeRoles(admin: pg.Client, database: string, owner: string, logins: readonly string[]): Promise<void> {
  await admin.query(`CREATE ROLE ${owner} NOLOGIN`);
  await admin.query(`ALTER DATABASE ${database} OWNER TO ${owner}`);
  await admin.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  for (const login of logins)
    await admin.query(
      `CREATE ROLE ${login} LOGIN PASSWORD '${PASSWORD}'; GRANT CONNECT ON DATABASE ${database} TO ${login}`,
    );
  await admin.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
}

async function applySchema(owner: pg.Client, home: string, serving: string, consumer: string): Promise<void> {
  await owner.query('CREATE SCHEMA bulkhead');
  for (const name of readdirSync(PLANE_SCHEMA)
    .filter((file) => file.endsWith('.sql'))
    .sort()) {
    await owner.query(readFileSync(new URL(name, PLANE_SCHEMA), 'utf8'));
  }
  await owner.query(`CREATE OR REPLACE FUNCTION bulkhead.this_home() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '${home}'::pg_catalog.text COLLATE pg_catalog."C"`);
  await owner.query(`GRANT USAGE ON SCHEMA app TO ${serving};
    ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${serving};
    ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT USAGE ON SEQUENCES TO ${serving};
    SELECT bulkhead.let_call('${serving}', 'serving'), bulkhead.let_call('${consumer}', 'consumer')`);
}

async function dropRoles(url: string, ...roles: string[]): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const client = new pg.Client(maintenance.toString());
  await client.connect();
  for (const role of roles) await client.query(`DROP ROLE IF EXISTS ${role}`);
  await client.end();
}
