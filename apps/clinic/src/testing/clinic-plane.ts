import { startTenantPlane, type TenantPlane } from '@bulkhead/tenancy/testing';
import type pg from 'pg';
import { migrateDatabase, type Migration } from '../fleet/index.js';

const PASSWORD = 'test-only';

/** A tenant database with a migrator, as the provider makes it. */
export interface ClinicPlane extends TenantPlane {
  readonly migrator: pg.ClientConfig;
}

/** Makes the database, without any table of the clinic unless `migrations` says so. */
export async function startClinicPlane(home: string, migrations?: readonly Migration[]): Promise<ClinicPlane> {
  const plane = await startTenantPlane(home);
  const role = `${plane.ownerRole}_migrator`;
  const database = new URL(plane.superuserUrl).pathname.slice(1);
  await plane.asSuperuser(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
  await plane.asSuperuser(`GRANT ${plane.ownerRole} TO ${role} WITH SET TRUE, INHERIT FALSE`);
  await plane.asSuperuser(`GRANT CONNECT ON DATABASE ${database} TO ${role}`);
  const login = new URL(plane.superuserUrl);
  login.username = role;
  login.password = PASSWORD;
  const migrator = { connectionString: login.toString() };
  if (migrations) await migrateDatabase(migrator, migrations);
  return {
    ...plane,
    migrator,
    async stop() {
      await plane.asSuperuser(`DROP OWNED BY ${role}`);
      await plane.asSuperuser(`DROP ROLE ${role}`);
      await plane.stop();
    },
  };
}
