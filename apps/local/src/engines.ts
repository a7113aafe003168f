import { type AwsEmulator, startAwsEmulator } from './aws-emulator.js';
import { type ControlPostgres, startControlPostgres } from './control-postgres.js';
import { lockFolder } from './folder-lock.js';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.js';
import { ensureSecretFiles, loadSecrets, type LocalSecrets, type SecretFiles } from './local-secrets.js';
import { PortBook } from './ports.js';
import { ensureTemplate } from './postgres-server.js';
import { type RdsHost, startRdsHost } from './rds-host.js';
import { openStateFolder, type StateFolder } from './state-folder.js';
import { requireStateVersion } from './state-version.js';
import { stopLeftovers } from './leftovers.js';
import { Supervisor } from './supervisor.js';
import { timed } from './timed.js';
import { type TemporalServer, startTemporal } from './temporal-server.js';
import { locateTools, type Tools } from './tool-cache.js';

export interface EnginesOptions {
  /** State folder; made when it is missing. Defaults to `.bulkhead` in the current folder. */
  readonly dir?: string;
  /** Takes one line of progress at a time. Defaults to silence. */
  readonly log?: (line: string) => void;
}

/** Everything that the control plane stands on, all on the loopback interface. */
export interface Engines {
  readonly folder: StateFolder;
  readonly supervisor: Supervisor;
  readonly ports: PortBook;
  readonly tools: Tools;
  readonly secretFiles: SecretFiles;
  readonly postgres: ControlPostgres;
  readonly temporal: TemporalServer;
  readonly aws: AwsEmulator;
  readonly rdsHost: RdsHost;
  readonly identity: IdentityProvider;
  readonly log: (line: string) => void;
  /** Stops every part in order and gives the folder back. State stays. */
  stop(): Promise<void>;
}

interface Ground {
  readonly folder: StateFolder;
  readonly supervisor: Supervisor;
  readonly ports: PortBook;
  readonly tools: Tools;
  readonly secrets: LocalSecrets;
  readonly log: (line: string) => void;
  /** Ends the parts that run inside this process. */
  readonly closers: (() => Promise<void>)[];
}

type Parts = Pick<Engines, 'postgres' | 'temporal' | 'aws' | 'rdsHost' | 'identity'>;

async function startPostgresServers(ground: Ground): Promise<[ControlPostgres, RdsHost]> {
  const { supervisor, folder, ports, secrets, log } = ground;
  const template = await ensureTemplate(folder, secrets.postgresSuperuser);
  const port = await ports.claim('postgres');
  const context = { supervisor, ports, template, superuserPassword: secrets.postgresSuperuser };
  const rdsPort = await ports.claim('rds-host');
  return await settleAll([
    startControlPostgres(supervisor, { port, template, secrets }),
    closedLater(ground, startRdsHost(context, { port: rdsPort, token: secrets.rdsToken, log })),
  ]);
}

async function startTemporalServer({ supervisor, ports, tools }: Ground): Promise<TemporalServer> {
  const port = await ports.claim('temporal');
  return await startTemporal(supervisor, { cli: tools.temporal, port, httpPort: await ports.claim('temporal-http') });
}

async function startAws({ supervisor, ports, tools, secrets }: Ground): Promise<AwsEmulator> {
  // Queue addresses hold the port, and they are stored in the control database and in Pulumi's state.
  const port = await ports.claim('aws', { fixed: true });
  return await startAwsEmulator(supervisor, { python: tools.python, port, secrets });
}

async function startIdentity(ground: Ground): Promise<IdentityProvider> {
  const { folder, ports, secrets } = ground;
  return await closedLater(ground, startIdentityProvider(folder, { port: await ports.claim('identity'), secrets }));
}

async function closedLater<T extends { close(): Promise<void> }>(ground: Ground, starting: Promise<T>): Promise<T> {
  const part = await starting;
  ground.closers.push(async () => await part.close());
  return part;
}

// Waits for all before it throws: what is still starting would escape the clean-up otherwise.
async function settleAll<T extends readonly unknown[]>(work: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const settled = await Promise.allSettled(work);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

async function startParts(ground: Ground): Promise<Parts> {
  const [[postgres, rdsHost], temporal, aws, identity] = await settleAll([
    timed(ground.log, 'Postgres', startPostgresServers(ground)),
    timed(ground.log, 'Temporal', startTemporalServer(ground)),
    timed(ground.log, 'AWS emulator', startAws(ground)),
    timed(ground.log, 'Identity provider', startIdentity(ground)),
  ]);
  return { postgres, rdsHost, temporal, aws, identity };
}

/**
 * Starts the engines: Postgres, Temporal, the AWS API emulator, the host of RDS instances and the identity provider.
 * They start side by side; when one fails, all are stopped before the error is thrown.
 * @throws BulkheadError with a sentence for the user and a way out, see `local_…` codes.
 */
export async function startEngines(options: EnginesOptions = {}): Promise<Engines> {
  const { dir = '.bulkhead', log = () => undefined } = options;
  const tools = locateTools();
  const folder = openStateFolder(dir);
  const unlock = lockFolder(folder.dir);
  const supervisor = new Supervisor(folder);
  const closers: Ground['closers'] = [];
  const stop = async () => {
    await Promise.all(closers.map(async (close) => await close()));
    await supervisor.stopAll();
    await supervisor.close();
    unlock();
  };
  try {
    await stopLeftovers(folder, log);
    requireStateVersion(folder);
    const ports = new PortBook(folder.path('ports.json'));
    const secrets = loadSecrets(folder);
    const secretFiles = ensureSecretFiles(folder, secrets);
    const ground: Ground = { folder, supervisor, ports, tools, secrets, log, closers };
    const parts = await startParts(ground);
    return { folder, supervisor, ports, tools, secretFiles, log, ...parts, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
