export { FleetMigrator, type FleetOptions } from './fleet-migrator.js';
export { migrateDatabase, type MigrationResult } from './migrate-database.js';
export { REQUIRED_VERSION, shippedMigrations, type Migration } from './migrations.js';
