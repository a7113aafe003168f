import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { readMigrations, runMigrations } from './migrate.js';
import { startTestPostgres, type TestDatabase } from './testing/postgres.js';

let folder: string;
let database: TestDatabase;
let client: pg.Client;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-migrations-'));
  database = await startTestPostgres({ migrated: false });
  client = new pg.Client(database.migratorUrl);
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.stop();
  await rm(folder, { recursive: true, force: true });
});

const write = (name: string, sql: string) => writeFile(join(folder, name), sql);

describe('runMigrations', () => {
  it('applies the files in order of their names, once', async () => {
    await write('0002_more.sql', 'insert into things values (2)');
    await write('0001_things.sql', 'create table things (n integer)');
    expect(await runMigrations(database.migratorUrl, [folder])).toEqual(['0001_things.sql', '0002_more.sql']);
    expect(await runMigrations(database.migratorUrl, [folder])).toEqual([]);
    expect((await client.query('select n from things')).rows).toEqual([{ n: 2 }]);
  });

  it('keeps nothing of a file that fails, and names it', async () => {
    await write('0001_things.sql', 'create table things (n integer)');
    await write('0002_broken.sql', 'insert into things values (1); insert into nowhere values (1)');
    await expect(runMigrations(database.migratorUrl, [folder])).rejects.toMatchObject({
      code: 'migration_failed',
      publicMessage: expect.stringContaining('0002_broken.sql'),
    });
    expect((await client.query('select n from things')).rows).toEqual([]);
    await write('0002_broken.sql', 'insert into things values (1)');
    expect(await runMigrations(database.migratorUrl, [folder])).toEqual(['0002_broken.sql']);
  });

  it('refuses a file that was changed after it had been applied, and applies nothing', async () => {
    await write('0001_things.sql', 'create table things (n integer)');
    await runMigrations(database.migratorUrl, [folder]);
    await write('0001_things.sql', 'create table things (n bigint)');
    await write('0002_more.sql', 'insert into things values (1)');
    await expect(runMigrations(database.migratorUrl, [folder])).rejects.toMatchObject({
      code: 'migration_changed',
      publicMessage: expect.stringContaining('0001_things.sql'),
    });
    expect((await client.query('select n from things')).rows).toEqual([]);
  });

  it('lets runners that start together apply each file once', async () => {
    await write('0001_things.sql', 'create table things (n integer)');
    await write('0002_more.sql', 'insert into things values (1)');
    const runs = await Promise.all(Array.from({ length: 8 }, () => runMigrations(database.migratorUrl, [folder])));
    expect(runs.flat()).toEqual(['0001_things.sql', '0002_more.sql']);
    expect((await client.query('select n from things')).rows).toEqual([{ n: 1 }]);
  });

  it('refuses names without a number and one name in two folders', async () => {
    await write('things.sql', '');
    await expect(readMigrations([folder])).rejects.toThrow('things.sql');
    await rm(join(folder, 'things.sql'));
    await write('0001_things.sql', '');
    await expect(readMigrations([folder, folder])).rejects.toThrow('two folders');
  });

  it('runs as a script with BULKHEAD_MIGRATOR_URL and without it says what is missing', async () => {
    const script = fileURLToPath(new URL('./migrate.js', import.meta.url));
    const run = (env: NodeJS.ProcessEnv) => promisify(execFile)(process.execPath, [script], { env });
    const first = await run({ BULKHEAD_MIGRATOR_URL: database.migratorUrl });
    expect(first.stdout).toContain('Applied 0001_control.sql');
    expect((await run({ BULKHEAD_MIGRATOR_URL: database.migratorUrl })).stdout).toBe('Up to date.\n');
    await expect(run({})).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('BULKHEAD_MIGRATOR_URL') });
  });
});
