import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { readMigrations, runMigrations } from '../migrate.js';

/** Roles of the control database, all with this password in tests. */
const ROLES = ['bulkhead_migrator', 'bulkhead_api', 'bulkhead_worker', 'bulkhead_workload'] as const;
const PASSWORD = 'test-only';
const TEMPLATE_LOCK = 7_264_118_002;

let starting: Promise<string> | undefined;

/** A database of its own for one test file, migrated, with an address for each role. */
export interface TestDatabase {
  readonly name: string;
  readonly superuserUrl: string;
  readonly migratorUrl: string;
  readonly apiUrl: string;
  readonly workerUrl: string;
  /** What services of the workload plane log in with. */
  readonly workloadUrl: string;
  /** Drops the database, ending the sessions that are still in it. */
  stop(): Promise<void>;
}

/**
 * Gives a fresh database on a real Postgres server, cloned in some ten milliseconds from a migrated template.
 * The server is the one at BULKHEAD_TEST_PG_URL (a superuser's address), or one started for this test process, which
 * ends with it. Call it in `beforeAll` and `stop()` in `afterAll`.
 * @param migrated false gives an empty database owned by the migrator.
 */
export async function startTestPostgres({ migrated = true }: { migrated?: boolean } = {}): Promise<TestDatabase> {
  const server = process.env.BULKHEAD_TEST_PG_URL ?? (await (starting ??= ownServer()));
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  await asSuperuser(server, async (client) => {
    // One at a time: cloning needs a template that nobody is connected to, and roles belong to the whole server.
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    await createRoles(client);
    const template = migrated ? await ensureTemplate(client, server) : 'template1';
    await client.query(`create database ${name} template ${template} owner bulkhead_migrator`);
  });
  return {
    name,
    superuserUrl: address(server, name),
    migratorUrl: address(server, name, 'bulkhead_migrator'),
    apiUrl: address(server, name, 'bulkhead_api'),
    workerUrl: address(server, name, 'bulkhead_worker'),
    workloadUrl: address(server, name, 'bulkhead_workload'),
    stop: () =>
      asSuperuser(server, async (client) => void (await client.query(`drop database if exists ${name} with (force)`))),
  };
}

function address(server: string, database: string, role?: (typeof ROLES)[number]): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  if (role) {
    url.username = role;
    url.password = PASSWORD;
  }
  return url.toString();
}

async function asSuperuser(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'bulkhead-testing' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function createRoles(client: pg.Client): Promise<void> {
  for (const role of ROLES) {
    const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [role]);
    if (rowCount === 0) await client.query(`create role ${role} login nosuperuser nobypassrls password '${PASSWORD}'`);
  }
}

/** The template's name carries the digest of the migrations, so that a changed file gets a template of its own. */
async function ensureTemplate(client: pg.Client, server: string): Promise<string> {
  const digest = createHash('sha256');
  for (const migration of await readMigrations()) digest.update(`${migration.name}\n${migration.checksum}\n`);
  const name = `template_${digest.digest('hex').slice(0, 16)}`;
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
  if (rowCount === 1) return name;
  // Built under another name: a run that dies halfway must not leave a half-migrated template to the next one.
  const draft = `${name}_draft`;
  await client.query(`drop database if exists ${draft} with (force)`);
  await client.query(`create database ${draft} owner bulkhead_migrator`);
  await runMigrations(address(server, draft, 'bulkhead_migrator'));
  await client.query(`alter database ${draft} rename to ${name}`);
  return name;
}

/**
 * Jest gives each test file its own module registry and globals, so the files of one process meet at a file on disk.
 * Its name holds the process id; it is believed only if the server still answers.
 */
async function ownServer(): Promise<string> {
  const folder = join(tmpdir(), `bulkhead-test-servers-${process.getuid?.() ?? 'user'}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${process.pid}.url`);
  const known = readKnown(file);
  if (known !== undefined && (await answers(known))) return known;
  const url = await spawnGuardian(file);
  writeFileSync(`${file}.new`, url, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return url;
}

function readKnown(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

async function answers(url: string): Promise<boolean> {
  return asSuperuser(url, async (client) => void (await client.query('select 1'))).then(
    () => true,
    () => false,
  );
}

async function spawnGuardian(file: string): Promise<string> {
  const script = fileURLToPath(new URL('./postgres-guardian.main.js', import.meta.url));
  const guardian = spawn(process.execPath, [script, file], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  guardian.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const url = await new Promise<string>((resolve, reject) => {
    guardian.once('error', reject);
    guardian.once('exit', () => reject(new Error(`The test Postgres server did not start: ${complaints}`)));
    createInterface({ input: guardian.stdout }).once('line', (line) =>
      resolve((JSON.parse(line) as { url: string }).url),
    );
  });
  // The pipe stays open as long as this process lives, yet keeps nothing waiting for it.
  guardian.unref();
  for (const pipe of [guardian.stdin, guardian.stdout, guardian.stderr]) (pipe as unknown as { unref(): void }).unref();
  return url;
}
