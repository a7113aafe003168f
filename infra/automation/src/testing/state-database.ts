import { randomBytes } from 'node:crypto';
import { startTestPostgres } from '@bulkhead/store/testing';
import pg from 'pg';

/** An empty state database with an admin as production has it: it owns the database and may make roles, no more. */
export interface StateDatabase {
  readonly adminUrl: string;
  readonly superuserUrl: string;
  stop(): Promise<void>;
}

export async function startStateDatabase(): Promise<StateDatabase> {
  const server = await startTestPostgres({ migrated: false });
  const name = `state_${randomBytes(6).toString('hex')}`;
  const superuser = new pg.Client(server.superuserUrl);
  await superuser.connect();
  await superuser.query(
    `CREATE ROLE ${name}_admin LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB CREATEROLE PASSWORD 'test-only'`,
  );
  await superuser.query(`CREATE DATABASE ${name} OWNER ${name}_admin`);
  await superuser.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
  const url = (user?: string): string => {
    const address = new URL(server.superuserUrl);
    address.pathname = `/${name}`;
    if (user !== undefined) [address.username, address.password] = [user, 'test-only'];
    return address.toString();
  };
  return {
    adminUrl: url(`${name}_admin`),
    superuserUrl: url(),
    async stop() {
      await superuser.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await superuser.end();
      await server.stop();
    },
  };
}
