import type { LocalSecrets } from './local-secrets.js';
import { ensureDatabase, ensureLogin, postgresUrl, withClient } from './postgres-sql.js';
import { ensureDataFolder, launchPostgres, SUPERUSER } from './postgres-server.js';
import type { ManagedProcess, Supervisor } from './supervisor.js';

/** The server that holds the control database and Pulumi's state. */
export interface ControlPostgres {
  readonly process: ManagedProcess;
  readonly port: number;
  readonly urls: {
    /** Owner of the database `bulkhead_control`; runs the migrations. */
    readonly migrator: string;
    readonly api: string;
    readonly worker: string;
    /** For services of the workload plane: reads the schema `workload`, and nothing else. */
    readonly workload: string;
    /** Owner of the database `pulumi_state`; makes throwaway logins there. */
    readonly stateAdmin: string;
    /** Superuser on `bulkhead_control`, for tests and for looking around. */
    readonly superuser: string;
  };
}

const SETTINGS = { max_connections: '200', shared_buffers: '128MB', superuser_reserved_connections: '5' };

async function prepare(port: number, secrets: LocalSecrets): Promise<void> {
  const superuser = { port, user: SUPERUSER, password: secrets.postgresSuperuser };
  const passwords = secrets.databaseRoles;
  const plain = 'NOSUPERUSER NOBYPASSRLS NOCREATEDB NOREPLICATION NOCREATEROLE';
  await withClient({ ...superuser, database: 'postgres' }, async (client) => {
    // At every start: a folder of an earlier release lacks it, and the migrations grant it rights.
    await ensureLogin(client, 'bulkhead_workload', passwords.bulkhead_workload, plain);
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = 'pulumi_state'");
    // The last thing made: it tells that everything before it exists.
    if (rowCount !== 0) return;
    await ensureLogin(client, 'bulkhead_migrator', passwords.bulkhead_migrator, plain);
    await ensureLogin(client, 'bulkhead_api', passwords.bulkhead_api, plain);
    await ensureLogin(client, 'bulkhead_worker', passwords.bulkhead_worker, plain);
    const stateAdmin = 'NOSUPERUSER NOBYPASSRLS NOCREATEDB NOREPLICATION CREATEROLE';
    await ensureLogin(client, 'bulkhead_state_admin', passwords.bulkhead_state_admin, stateAdmin);
    // A role may end the sessions of another one only as its member: so it becomes a member of the logins it makes.
    await client.query("ALTER ROLE bulkhead_state_admin SET createrole_self_grant = 'set, inherit'");
    await ensureDatabase(client, 'bulkhead_control', 'bulkhead_migrator');
    await client.query('REVOKE ALL ON DATABASE bulkhead_control FROM PUBLIC');
    await client.query('GRANT CONNECT ON DATABASE bulkhead_control TO bulkhead_api, bulkhead_worker');
    await ensureDatabase(client, 'pulumi_state', 'bulkhead_state_admin');
  });
  await withClient({ ...superuser, database: 'bulkhead_control' }, async (client) => {
    await client.query('ALTER SCHEMA public OWNER TO bulkhead_migrator');
    await client.query('GRANT CONNECT ON DATABASE bulkhead_control TO bulkhead_workload');
  });
  await withClient({ ...superuser, database: 'pulumi_state' }, async (client) => {
    await client.query('ALTER SCHEMA public OWNER TO bulkhead_state_admin');
    await client.query('REVOKE CONNECT ON DATABASE pulumi_state FROM PUBLIC');
  });
}

/** Starts the control Postgres and makes its roles and databases at the first start. */
export async function startControlPostgres(
  supervisor: Supervisor,
  options: { port: number; template: string; secrets: LocalSecrets },
): Promise<ControlPostgres> {
  const { port, template, secrets } = options;
  const dataDir = supervisor.folder.path('postgres');
  await ensureDataFolder(template, dataDir);
  const process = await launchPostgres(supervisor, { name: 'postgres', dataDir, port, settings: SETTINGS });
  await prepare(port, secrets);
  const { databaseRoles: passwords } = secrets;
  return {
    process,
    port,
    urls: {
      migrator: postgresUrl('bulkhead_migrator', passwords.bulkhead_migrator, port, 'bulkhead_control'),
      api: postgresUrl('bulkhead_api', passwords.bulkhead_api, port, 'bulkhead_control'),
      worker: postgresUrl('bulkhead_worker', passwords.bulkhead_worker, port, 'bulkhead_control'),
      workload: postgresUrl('bulkhead_workload', passwords.bulkhead_workload, port, 'bulkhead_control'),
      stateAdmin: postgresUrl('bulkhead_state_admin', passwords.bulkhead_state_admin, port, 'pulumi_state'),
      superuser: postgresUrl(SUPERUSER, secrets.postgresSuperuser, port, 'bulkhead_control'),
    },
  };
}
