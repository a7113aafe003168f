import { BulkheadError } from '@bulkhead/kernel';
import pg from 'pg';
import type { ResourceType } from '../protocol/resource-type.js';
import { hasUnknown } from '../protocol/values.js';
import { MasterSessions, ServerGone, type Server } from './master-sessions.js';
import { applyPlaneSchema, appliedVersion, newestSchemaVersion, planeSchemaDigest } from './plane-schema.js';
import type { Plane } from './plane.js';
import { ensureLoginRole, ensureOwnerRole, grantConsumer, grantMigrator, grantServing, roleExists } from './roles.js';
import { ensureLogin } from './stored-login.js';

export interface TenantDatabaseInputs extends Server {
  /** Binding or cell that the database serves. */
  readonly resourceId: string;
  readonly database: string;
  readonly ownerRole: string;
  readonly servingRole: string;
  readonly servingSecretArn: string;
  readonly migratorRole: string;
  readonly migratorSecretArn: string;
  readonly consumerRole: string;
  readonly consumerSecretArn: string;
  readonly home: string;
  readonly schemaVersion: string;
}

/** How long to wait for a server that may never answer again, milliseconds. */
const LOOK_MS = 10_000;

/** A database inside a server, with its roles and the plane schema. Every step of `create` can be repeated. */
export const tenantDatabase: ResourceType<Plane, TenantDatabaseInputs> = {
  token: 'bulkhead:postgres:TenantDatabase',
  rules: {
    resourceId: { required: true, replaces: true },
    host: { required: true, unobserved: true },
    port: { required: true, unobserved: true },
    masterSecretArn: { required: true, unobserved: true },
    database: { required: true, replaces: true },
    ownerRole: { required: true, replaces: true },
    servingRole: { required: true, replaces: true },
    servingSecretArn: { required: true, unobserved: true },
    // Databases that were made before there was such a login get one, and are not replaced for it.
    migratorRole: { required: true, unobserved: true },
    migratorSecretArn: { required: true, unobserved: true },
    consumerRole: { required: true, unobserved: true },
    consumerSecretArn: { required: true, unobserved: true },
    home: { required: true, replaces: true },
    schemaVersion: { required: true },
  },
  computed: ['schemaDigest'],
  label: ({ database }) => `database ${database}`,

  refuse({ schemaVersion }) {
    const newest = newestSchemaVersion();
    const wanted = Number(schemaVersion);
    if (hasUnknown(schemaVersion) || (Number.isInteger(wanted) && wanted > 0 && wanted <= newest)) return [];
    return [{ property: 'schemaVersion', reason: `must be a version from 1 to ${newest}, which this provider knows` }];
  },

  async create(plane, inputs) {
    await ensure(plane, inputs);
    return inputs.resourceId;
  },

  async read({ sessions }, _id, known) {
    if (!isPlaced(known)) return undefined;
    try {
      const there = await sessions.run(
        { server: known, database: 'postgres' },
        (client) => isThere(client, known),
        LOOK_MS,
      );
      if (!there) return undefined;
      return await sessions.run({ server: known, database: known.database, role: known.ownerRole }, async (client) => {
        const {
          rows: [home],
        } = await client.query<{ home: string }>('SELECT bulkhead.this_home() AS home');
        return {
          resourceId: known.resourceId,
          database: known.database,
          ownerRole: known.ownerRole,
          servingRole: known.servingRole,
          home: home?.home ?? '',
          schemaVersion: String(await appliedVersion(client)),
          schemaDigest: await planeSchemaDigest(client),
        };
      });
    } catch (error) {
      if (error instanceof ServerGone) return undefined;
      throw error;
    }
  },

  async update(plane, _id, wanted) {
    await ensure(plane, wanted);
  },

  /** Data of a tenant is never dropped from here: its home must have been taken away before. */
  async delete({ sessions }, _id, known) {
    if (!isPlaced(known)) return;
    try {
      await refuseWhileAtHome(sessions, known);
      await drop(sessions, known);
    } catch (error) {
      if (!(error instanceof ServerGone)) throw error;
    }
  },
};

function isPlaced(known: Partial<TenantDatabaseInputs>): known is TenantDatabaseInputs {
  return known.host !== undefined && known.database !== undefined;
}

async function ensure(plane: Plane, inputs: TenantDatabaseInputs): Promise<void> {
  const { sessions } = plane;
  await sessions.run({ server: inputs, database: 'postgres' }, async (client) => {
    await ensureOwnerRole(client, inputs.ownerRole);
    await ensureLoginRole(client, inputs.servingRole);
    await ensureLoginRole(client, inputs.migratorRole);
    await ensureLoginRole(client, inputs.consumerRole);
    await ensureDatabase(client, inputs);
    await grantMigrator(client, inputs);
  });
  await sessions.run({ server: inputs, database: inputs.database, role: inputs.ownerRole }, async (client) => {
    await client.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
    await applyPlaneSchema(client, Number(inputs.schemaVersion));
    await client.query(
      `CREATE OR REPLACE FUNCTION bulkhead.this_home() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
       RETURN ${client.escapeLiteral(inputs.home)}::pg_catalog.text COLLATE pg_catalog."C"`,
    );
    await grantServing(client, inputs);
    await grantConsumer(client, inputs);
  });
  await ensureLogin(plane, inputs, { role: inputs.servingRole, secretArn: inputs.servingSecretArn });
  await ensureLogin(plane, inputs, { role: inputs.migratorRole, secretArn: inputs.migratorSecretArn });
  await ensureLogin(plane, inputs, { role: inputs.consumerRole, secretArn: inputs.consumerSecretArn });
}

async function ensureDatabase(client: pg.ClientBase, { database, ownerRole }: TenantDatabaseInputs): Promise<void> {
  const name = client.escapeIdentifier(database);
  const owner = await ownerOf(client, database);
  if (owner !== undefined && owner !== ownerRole) {
    throw new BulkheadError({
      code: 'foreign_resource',
      status: 409,
      publicMessage: `Database ${database} exists already and belongs to ${owner}.`,
      remediation: 'Find out whose it is and remove it, then run again.',
    });
  }
  if (owner === undefined) {
    await client.query(
      `CREATE DATABASE ${name} OWNER ${client.escapeIdentifier(ownerRole)} TEMPLATE template0 ENCODING 'UTF8'`,
    );
  }
  await asRole(client, ownerRole, async () => {
    await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
    // The master does not inherit the owner's rights, and needs this one before it can take the owner's role.
    await client.query(`GRANT CONNECT ON DATABASE ${name} TO SESSION_USER`);
  });
}

async function ownerOf(client: pg.ClientBase, database: string): Promise<string | undefined> {
  const { rows } = await client.query<{ owner: string }>(
    'SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1',
    [database],
  );
  return rows[0]?.owner;
}

async function isThere(client: pg.ClientBase, known: TenantDatabaseInputs): Promise<boolean> {
  if ((await ownerOf(client, known.database)) !== known.ownerRole) return false;
  return roleExists(client, known.servingRole);
}

/** Runs `work` as a role that the master may take. */
async function asRole(client: pg.ClientBase, role: string, work: () => Promise<unknown>): Promise<void> {
  await client.query(`SET ROLE ${client.escapeIdentifier(role)}`);
  await work();
  await client.query('RESET ROLE');
}

async function refuseWhileAtHome(sessions: MasterSessions, known: TenantDatabaseInputs): Promise<void> {
  // Closed by a drop that was cut off, after it had found nobody at home: there is nothing to ask any more.
  const open = await sessions.run(
    { server: known, database: 'postgres' },
    async (client) => {
      const look = 'SELECT 1 FROM pg_database WHERE datname = $1 AND datallowconn';
      return (await client.query(look, [known.database])).rowCount === 1;
    },
    LOOK_MS,
  );
  if (!open) return;
  const tenants = await sessions.run(
    { server: known, database: known.database, role: known.ownerRole },
    async (client) => {
      if ((await appliedVersion(client)) === 0) return 0;
      return Number(
        (await client.query<{ count: string }>('SELECT count(*) FROM bulkhead.tenant_home')).rows[0]?.count,
      );
    },
  );
  if (tenants === 0) return;
  throw new BulkheadError({
    code: 'tenants_at_home',
    status: 409,
    publicMessage: `Database ${known.database} is the home of ${tenants} ${tenants === 1 ? 'tenant' : 'tenants'} and was not dropped.`,
    remediation: 'Move the tenants away or offboard them first; that takes their rows out of bulkhead.tenant_home.',
  });
}

async function drop(sessions: MasterSessions, known: TenantDatabaseInputs): Promise<void> {
  await sessions.leave(known, known.database);
  await sessions.run({ server: known, database: 'postgres' }, async (client) => {
    const name = client.escapeIdentifier(known.database);
    if ((await ownerOf(client, known.database)) !== undefined) {
      await asRole(client, known.ownerRole, () => client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`));
      await client.query(
        // The server's own workers have no user: they leave by themselves, and only a superuser may send them away.
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND usename IS NOT NULL`,
        [known.database],
      );
      await asRole(client, known.ownerRole, () => client.query(`DROP DATABASE IF EXISTS ${name}`));
    }
    for (const role of [known.servingRole, known.migratorRole, known.consumerRole, known.ownerRole]) {
      // The state of a database that was made before there was such a login names none.
      if (role === undefined) continue;
      await client.query(`DROP ROLE IF EXISTS ${client.escapeIdentifier(role)}`);
    }
  });
}
