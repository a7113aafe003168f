import { RoutingTable, TenantDatabases } from '@bulkhead/tenancy';
import { contextFor, HandRoutes } from '@bulkhead/tenancy/testing';
import { migrateDatabase, REQUIRED_VERSION, shippedMigrations } from '../fleet/index.js';
import { startClinicPlane, type ClinicPlane } from '../testing/clinic-plane.js';
import { requireVersion } from './database-version.js';

const outdated = { code: 'database_outdated', status: 503, retryable: true };

let plane: ClinicPlane;
beforeEach(async () => {
  plane = await startClinicPlane('cel_old');
});
afterEach(() => plane.stop());

test('a database that the fleet has not migrated far enough is refused; a newer one is not', async () => {
  const login = { connectionString: plane.servingUrl };
  await expect(requireVersion(login)).rejects.toMatchObject(outdated);
  await migrateDatabase(plane.migrator, shippedMigrations().slice(0, REQUIRED_VERSION - 1));
  await expect(requireVersion(login)).rejects.toMatchObject(outdated);
  await migrateDatabase(plane.migrator);
  await expect(requireVersion(login)).resolves.toBeUndefined();
  await expect(requireVersion(login, REQUIRED_VERSION - 1)).resolves.toBeUndefined();
});

test('requests to an old database are refused, and go through as soon as it has been migrated', async () => {
  await plane.settle('ten_1');
  const source = new HandRoutes();
  source.set('ten_1', plane.home);
  const routes = await RoutingTable.open(source);
  const databases = new TenantDatabases({
    routes,
    connect: async () => {
      const login = { connectionString: plane.servingUrl };
      await requireVersion(login);
      return login;
    },
    exchange: async ({ tenantId }, { epoch }) => plane.sign(tenantId, { epoch }),
  });
  try {
    const ask = () => databases.query(contextFor('ten_1'), `SELECT FROM app.enter('*')`);
    await expect(ask()).rejects.toMatchObject(outdated);
    await migrateDatabase(plane.migrator);
    await expect(ask()).resolves.toMatchObject({ rowCount: 1 });
  } finally {
    await databases.close();
    await routes.close();
  }
});
