import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCheckpointSigner } from '@bulkhead/domain/audit';
import { boxPublicKey, tokenServiceKeys } from '@bulkhead/domain/context';
import { Redacted } from '@bulkhead/kernel';
import { auditBucket, BUCKET_PREFIX } from './aws-policies.js';
import type { AwsCredentials, DemoUser } from './local-secrets.js';
import type { Engines } from './engines.js';
import { localError } from './local-error.js';
import { writePrivateFile } from './state-folder.js';
import type { ManagedProcess, RunningProcess } from './supervisor.js';
import { timed } from './timed.js';

/** Folder of the clone. */
export const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** Identity of the local audit log, and the name of the key that signs its checkpoints. */
export const AUDIT_ORIGIN = 'bulkhead.local/audit';

const API_PORT_CLAIM = { preferred: 4700, env: 'BULKHEAD_API_PORT' } as const;
/** The clinic's port is agreed on before it starts: isolation proofs call it there. */
export const CLINIC_PORT_CLAIM = { preferred: 4710, env: 'BULKHEAD_CLINIC_PORT' } as const;

/** The control plane's own processes. */
export interface ControlPlane {
  /** Base address of the API, without a slash at the end. */
  readonly apiUrl: string;
  readonly providers: ManagedProcess;
  readonly api: ManagedProcess;
  readonly worker: ManagedProcess;
}

/**
 * Only what a process needs from the user's environment: an AWS profile or a PG… variable of theirs must not choose
 * where the local control plane works.
 */
export function baseEnv(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'BULKHEAD_LOG_LEVEL'];
  return Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Where the AWS API is, and as whom the process calls it. */
export function awsEnv({ aws }: Engines, user: AwsCredentials): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_REGION: aws.region,
    AWS_ACCESS_KEY_ID: user.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
  };
}

/** A file of the clone. */
export function script(path: string): string {
  return join(REPOSITORY, path);
}

/** Whether a GET is answered well within a second. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
  return response.ok;
}

/** Brings the control database's schema up to date. */
export async function runMigrations(engines: Engines): Promise<void> {
  const { supervisor, postgres } = engines;
  await supervisor.runToEnd({
    name: 'migrations',
    command: process.execPath,
    args: [script('libs/store/dist/migrate.js'), script('libs/integrations/src/billing/ledger/migrations')],
    env: { ...baseEnv(), BULKHEAD_MIGRATOR_URL: postgres.urls.migrator },
    cwd: engines.folder.dir,
  });
}

function hasAnnouncedPorts({ logFile, logStart }: RunningProcess): boolean {
  const own = readFileSync(logFile).subarray(logStart).toString('utf8');
  return own.split('\n').some((line) => line.startsWith('{"aws":') && line.endsWith('}'));
}

/** Starts the provider servers that Pulumi's runs attach to; their ports stay the same over restarts. */
export async function startProviders(engines: Engines): Promise<{ process: ManagedProcess; attach: string }> {
  const { supervisor, ports, aws, rdsHost } = engines;
  const attach = `aws:${await ports.claim('provider-aws')},bulkhead:${await ports.claim('provider-bulkhead')}`;
  const part = await supervisor.launch({
    name: 'providers',
    command: process.execPath,
    args: [script('infra/providers/dist/main.js')],
    env: {
      ...baseEnv(),
      ...awsEnv(engines, aws.provisioner),
      BULKHEAD_PROVIDER_PORTS: attach,
      BULKHEAD_LOCAL_RDS_URL: rdsHost.url,
      BULKHEAD_LOCAL_RDS_TOKEN: rdsHost.token,
    },
    cwd: engines.folder.dir,
    ready: async (running) => hasAnnouncedPorts(running),
  });
  return { process: part, attach };
}

/** The key that checks the audit log's checkpoints, as `bulkhead audit verify --key` takes it. */
export function auditPublicKey({ secretFiles }: Engines): string {
  return createCheckpointSigner(readFileSync(secretFiles.auditSigningKey, 'utf8'), AUDIT_ORIGIN).publicKey;
}

/** Starts the API; it holds no cloud credentials. */
export async function startApi(engines: Engines): Promise<{ process: ManagedProcess; url: string }> {
  const { supervisor, ports, postgres, identity, temporal, secretFiles } = engines;
  const port = await ports.agreed('api', API_PORT_CLAIM);
  const url = `http://127.0.0.1:${port}`;
  const part = await supervisor.launch({
    name: 'api',
    command: process.execPath,
    args: [script('apps/api/dist/main.js')],
    env: {
      ...baseEnv(),
      BULKHEAD_DATABASE_URL: postgres.urls.api,
      BULKHEAD_API_HOST: '127.0.0.1',
      BULKHEAD_API_PORT: String(port),
      BULKHEAD_OIDC_ISSUER: identity.issuer,
      BULKHEAD_OIDC_AUDIENCE: identity.audience,
      BULKHEAD_TEMPORAL_ADDRESS: temporal.address,
      BULKHEAD_BUCKET_PREFIX: BUCKET_PREFIX,
      BULKHEAD_AUDIT_PUBLIC_KEYS: auditPublicKey(engines),
      BULKHEAD_TOKEN_ISSUER: url,
      BULKHEAD_TOKEN_KEY_FILE: secretFiles.tokenKey,
    },
    cwd: engines.folder.dir,
    stopTimeoutMs: 25_000,
    ready: async () => await answers(`${url}/v1/health`),
  });
  return { process: part, url };
}

/** The public part of the token service's key is all of it that the worker is given. */
function contextRecipient(tokenKeyFile: string): string {
  const secret = new Redacted<Uint8Array>(Buffer.from(readFileSync(tokenKeyFile, 'utf8'), 'base64'));
  return boxPublicKey(tokenServiceKeys(secret).box);
}

/** As whom isolation proofs look from outside: a client and an IAM user of their own, at the API and at the clinic. */
async function proverEnv({ ports, identity, aws, secretFiles, folder }: Engines): Promise<Record<string, string>> {
  const api = await ports.agreed('api', API_PORT_CLAIM);
  const clinic = await ports.agreed('clinic', CLINIC_PORT_CLAIM);
  const document = `http://127.0.0.1:${clinic}/openapi.json`;
  const profile = join(REPOSITORY, 'apps/clinic/isolation-routes.json');
  const accessKeyFile = folder.path('isolation-prover-access-key');
  writePrivateFile(accessKeyFile, aws.prover.secretAccessKey);
  return {
    BULKHEAD_PROVER_CLIENT_ID: 'isolation-prover' satisfies DemoUser,
    BULKHEAD_PROVER_CLIENT_SECRET_FILE: secretFiles.isolationProver,
    BULKHEAD_OIDC_ISSUER: identity.issuer,
    BULKHEAD_TOKEN_ISSUER: `http://127.0.0.1:${api}`,
    BULKHEAD_PROVER_ACCESS_KEY_ID: aws.prover.accessKeyId,
    BULKHEAD_PROVER_SECRET_ACCESS_KEY_FILE: accessKeyFile,
    BULKHEAD_PROVEN_SERVICES: JSON.stringify([{ name: 'clinic', document, profile }]),
  };
}

/**
 * Starts the worker.
 * @param attach names the provider servers, as {@link startProviders} gives it.
 * @param settings variables of the worker that the stack itself leaves at their defaults, such as its patience.
 */
export async function startWorker(
  engines: Engines,
  attach: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<ManagedProcess> {
  const { supervisor, ports, postgres, temporal, aws, tools, secretFiles, folder } = engines;
  const healthPort = await ports.claim('worker-health');
  return await supervisor.launch({
    name: 'worker',
    command: process.execPath,
    args: [script('apps/worker/dist/main.js')],
    env: {
      ...settings,
      ...baseEnv(),
      ...awsEnv(engines, aws.worker),
      BULKHEAD_DATABASE_URL: postgres.urls.worker,
      // The planes' databases are on the loopback interface, too.
      BULKHEAD_PLANE_TLS: 'off',
      BULKHEAD_TEMPORAL_ADDRESS: temporal.address,
      BULKHEAD_TEMPORAL_NAMESPACE: temporal.namespace,
      BULKHEAD_WORKER_HEALTH_PORT: String(healthPort),
      BULKHEAD_PULUMI_ROOT: tools.pulumiRoot,
      BULKHEAD_PULUMI_HOME: folder.path('pulumi-home'),
      BULKHEAD_STATE_ADMIN_URL: postgres.urls.stateAdmin,
      BULKHEAD_PULUMI_PASSPHRASE_FILE: secretFiles.pulumiPassphrase,
      BULKHEAD_PROVIDERS: attach,
      BULKHEAD_REGION: aws.region,
      BULKHEAD_AUDIT_SIGNING_KEY_FILE: secretFiles.auditSigningKey,
      BULKHEAD_AUDIT_ORIGIN: AUDIT_ORIGIN,
      BULKHEAD_AUDIT_BUCKET: auditBucket(aws.region),
      BULKHEAD_CONTEXT_RECIPIENT: contextRecipient(secretFiles.tokenKey),
      BULKHEAD_WORKLOAD_PROFILE: join(REPOSITORY, 'apps/clinic/isolation.json'),
      // The emulator has no Service Quotas; these are AWS's defaults of old.
      BULKHEAD_CLOUD_QUOTAS: 'rds-instances=40,s3-buckets=100,kms-keys=10000,iam-roles=1000',
      ...(await proverEnv(engines)),
    },
    cwd: folder.dir,
    // It bundles the workflows first.
    readyTimeoutMs: 90_000,
    stopTimeoutMs: 30_000,
    ready: async () => await answers(`http://127.0.0.1:${healthPort}/health`),
  });
}

/**
 * Brings the schema up to date and starts provider servers, API and worker. A failure leaves the engines running, and
 * whatever of the control plane had started; `engines.stop()` ends all of it.
 */
export async function startControlPlane(engines: Engines): Promise<ControlPlane> {
  const { log } = engines;
  await timed(log, 'Control database', runMigrations(engines));
  const attached = timed(log, 'Provider servers', startProviders(engines));
  const starting = [
    timed(log, 'API', startApi(engines)),
    attached.then(async ({ attach }) => await timed(log, 'Worker', startWorker(engines, attach))),
  ] as const;
  const [api, worker] = await Promise.allSettled(starting);
  if (api.status === 'rejected') throw api.reason;
  if (worker.status === 'rejected') throw worker.reason;
  return { apiUrl: api.value.url, providers: (await attached).process, api: api.value.process, worker: worker.value };
}

/**
 * Starts a part again whenever it ends by itself, at most five times in a minute. The emulator is not: what it held is
 * lost, and going on would give tenants whose resources are gone.
 * @param giveUp is told when that does not help.
 */
export function keepRunning({ supervisor, log }: Engines, giveUp: (reason: Error) => void): void {
  const starts = new Map<string, number[]>();
  supervisor.onUnexpectedEnd = (part, how) => {
    const recent = [...(starts.get(part.name) ?? []), Date.now()].filter((time) => Date.now() - time < 60_000);
    starts.set(part.name, recent);
    const why = `${part.name} ended by itself (${how}).`;
    if (part.name === 'aws')
      giveUp(localError('local_aws_state_lost', why, 'Its state is lost: run `npm run reset`, then `npm start`.'));
    else if (recent.length > 5) giveUp(localError('local_part_failed', why, `Read ${part.logFile}.`));
    else {
      log(`${why} Starting it again; see ${part.logFile}`);
      part.start().catch((error: unknown) => {
        if (!part.askedToEnd) giveUp(error as Error);
      });
    }
  };
}
