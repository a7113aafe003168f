import { createLogger } from '@bulkhead/runtime';
import { waitFor } from '@bulkhead/kernel';
import pg from 'pg';
import { startClinicPlane, type ClinicPlane } from '../testing/clinic-plane.js';
import { FleetMigrator, migrateDatabase, REQUIRED_VERSION, shippedMigrations, type Migration } from './index.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const planes: ClinicPlane[] = [];
async function newPlane(home: string, migrations?: readonly Migration[]): Promise<ClinicPlane> {
  const plane = await startClinicPlane(home, migrations);
  planes.push(plane);
  return plane;
}
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.stop();
});

const first = shippedMigrations().slice(0, 1);
const versionOf = async ({ servingUrl }: ClinicPlane): Promise<number> => {
  const client = new pg.Client(servingUrl);
  await client.connect();
  try {
    return (await client.query<{ version: number }>('SELECT app.clinic_version() AS version')).rows[0]?.version ?? 0;
  } finally {
    await client.end();
  }
};
const recorded = async (plane: ClinicPlane) =>
  await plane.asSuperuser<{ version: number; name: string }>(
    'SELECT version, name FROM clinic.migration ORDER BY version',
  );
const extra = (version: number, sql: string): Migration => ({ version, name: `extra ${version}`, sql, digest: sql });

describe('the migration of one database', () => {
  it('brings a new one to the newest version, that the application sees, with nothing left open', async () => {
    const plane = await newPlane('cel_new');
    expect(await migrateDatabase(plane.migrator)).toEqual({ from: 0, to: REQUIRED_VERSION });
    expect(await versionOf(plane)).toBe(REQUIRED_VERSION);
    const migrator = new URL(plane.migrator.connectionString ?? '').username;
    expect(await plane.asSuperuser('SELECT * FROM bulkhead.lint($1)', [[migrator]])).toEqual([]);
    const made = await plane.asSuperuser(
      `SELECT relname FROM pg_class WHERE relnamespace IN ('app'::regnamespace, 'clinic'::regnamespace)
          AND relowner <> $1::regrole`,
      [plane.ownerRole],
    );
    expect(made).toEqual([]);
  });

  it('brings an old one forward, keeps its rows, and does nothing the second time', async () => {
    const plane = await newPlane('cel_old', first);
    await plane.settle('ten_1');
    await asTenant(plane, 'ten_1', `INSERT INTO app.org_unit VALUES ('ten_1', 'unt_1', NULL, 'North', '{unt_1}')`);
    expect(await versionOf(plane)).toBe(1);
    expect(await migrateDatabase(plane.migrator)).toEqual({ from: 1, to: REQUIRED_VERSION });
    expect(await migrateDatabase(plane.migrator)).toEqual({ from: REQUIRED_VERSION, to: REQUIRED_VERSION });
    expect(await recorded(plane)).toEqual(shippedMigrations().map(({ version, name }) => ({ version, name })));
    expect(await plane.asSuperuser('SELECT name FROM app.org_unit')).toEqual([{ name: 'North' }]);
  });

  it.each([
    ['in the middle', 'CREATE TABLE app.half (a int); SELECT 1 / 0', 'division by zero'],
    [
      'when it was recorded',
      `CREATE TABLE app.half (a int);
       ALTER TABLE clinic.migration ADD CHECK (version < 2)`,
      'violates check constraint',
    ],
  ])('goes on where one failed %s: it left nothing, what was done before it stays', async (_, sql, reason) => {
    const plane = await newPlane('cel_cut');
    await expect(migrateDatabase(plane.migrator, [...first, extra(2, sql)])).rejects.toThrow(reason);
    expect(await recorded(plane)).toEqual([{ version: 1, name: first[0]?.name }]);
    expect(await plane.asSuperuser(`SELECT to_regclass('app.half') AS half`)).toEqual([{ half: null }]);
    expect(await migrateDatabase(plane.migrator)).toEqual({ from: 1, to: REQUIRED_VERSION });
  });

  it('is done once by two migrators that come together', async () => {
    const plane = await newPlane('cel_two');
    const results = await Promise.all([migrateDatabase(plane.migrator), migrateDatabase(plane.migrator)]);
    expect(new Set(results.map(({ from }) => from))).toEqual(new Set([0, REQUIRED_VERSION]));
  });

  it('leaves a database alone that a newer release has migrated', async () => {
    const plane = await newPlane('cel_ahead', [...shippedMigrations(), extra(REQUIRED_VERSION + 1, 'SELECT 1')]);
    const ahead = { from: REQUIRED_VERSION + 1, to: REQUIRED_VERSION + 1 };
    expect(await migrateDatabase(plane.migrator)).toEqual(ahead);
    expect(await versionOf(plane)).toBe(REQUIRED_VERSION + 1);
  });

  it('refuses a file that was edited after it had run, before anything else', async () => {
    const plane = await newPlane('cel_edited', first);
    const edited = { ...(first[0] as Migration), digest: 'another' };
    const attempt = migrateDatabase(plane.migrator, [edited, ...shippedMigrations().slice(1)]);
    await expect(attempt).rejects.toMatchObject({ code: 'migration_changed' });
    expect(await versionOf(plane)).toBe(1);
  });

  it('waits for a transaction that uses the table, without holding up those who come meanwhile for long', async () => {
    const plane = await newPlane('cel_busy', first);
    await plane.settle('ten_1');
    const reader = new pg.Client(plane.servingUrl);
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('LOCK TABLE app.patient IN ACCESS SHARE MODE');
    const change = extra(2, 'ALTER TABLE app.patient ADD COLUMN phone bytea');
    const migrating = migrateDatabase(plane.migrator, [...first, change]);
    const waits = `SELECT 1 FROM pg_locks WHERE relation = 'app.patient'::regclass AND NOT granted`;
    await waitFor('the migration to wait', async () => (await plane.asSuperuser(waits)).length > 0);
    await waitFor('it to let others pass', async () => (await plane.asSuperuser(waits)).length === 0);
    await reader.query('COMMIT');
    await reader.end();
    expect(await migrating).toEqual({ from: 1, to: 2 });
  });
});

it('a session that holds the migrators’ lock keeps nobody waiting in line, and the database is migrated after it', async () => {
  const plane = await newPlane('cel_locked');
  const holder = new pg.Client(plane.servingUrl);
  await holder.connect();
  await holder.query('SELECT pg_advisory_lock(7264130, 1)');
  const migrating = migrateDatabase(plane.migrator, first);
  const waits = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  await waitFor('the migrator to wait', async () => (await plane.asSuperuser(waits)).length > 0);
  await waitFor('it to give up for now', async () => (await plane.asSuperuser(waits)).length === 0);
  await holder.end();
  expect(await migrating).toEqual({ from: 0, to: 1 });
});

describe('the fleet', () => {
  it('is migrated whatever a home is, and one that fails does not stop the others', async () => {
    const [cell, own] = await Promise.all([newPlane('cel_fleet'), newPlane('bnd_own', first)]);
    const logins = new Map([cell, own].map((plane) => [plane.home, plane.migrator]));
    const fleet = new FleetMigrator({
      homes: async () => ['bnd_gone', ...logins.keys()],
      login: async (home) => logins.get(home) ?? { host: '127.0.0.1', port: 1 },
      logger,
    });
    expect(await fleet.run()).toEqual(['bnd_gone']);
    expect(await Promise.all([cell, own].map(versionOf))).toEqual([REQUIRED_VERSION, REQUIRED_VERSION]);
  });

  it('is followed: a database that comes later is migrated, and one that failed is tried again', async () => {
    const [cell, late] = await Promise.all([newPlane('cel_now'), newPlane('bnd_late')]);
    const homes = [cell.home];
    let reachable = false;
    const fleet = new FleetMigrator({
      homes: async () => homes,
      login: async (home) => {
        if (home === cell.home) return cell.migrator;
        if (!reachable) throw new Error('The secret is not there yet');
        return late.migrator;
      },
      logger,
    });
    const stop = new AbortController();
    const passes: (readonly string[])[] = [];
    const following = fleet.follow(stop.signal, (behind) => passes.push(behind));
    await waitFor('the first database', () => passes.at(-1)?.length === 0);
    homes.push(late.home);
    await waitFor('the second one to fail', () => passes.at(-1)?.includes(late.home));
    reachable = true;
    await waitFor('the second database', () => passes.at(-1)?.length === 0);
    expect(await versionOf(late)).toBe(REQUIRED_VERSION);
    stop.abort();
    await following;
  });
});

async function asTenant(plane: ClinicPlane, tenantId: string, sql: string): Promise<void> {
  const client = new pg.Client(plane.servingUrl);
  await client.connect();
  try {
    await client.query(`SELECT set_config('bulkhead.context', $1, false), set_config('clinic.unit', '*', false)`, [
      plane.sign(tenantId),
    ]);
    await client.query(sql);
  } finally {
    await client.end();
  }
}
