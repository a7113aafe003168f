import { readFileSync } from 'node:fs';
import type { AwsCredentials, DemoUser } from './local-secrets.js';
import { answers, awsEnv, baseEnv, CLINIC_PORT_CLAIM, script } from './control-plane.js';
import type { Engines } from './engines.js';
import type { ManagedProcess, RunningProcess } from './supervisor.js';
import { timed } from './timed.js';

/** The vendor's own services, beside the control plane: the clinic, its worker and what migrates its databases. */
export interface WorkloadPlane {
  /** Base address of the clinic, without a slash at the end. */
  readonly clinicUrl: string;
  readonly clinic: ManagedProcess;
  readonly migrator: ManagedProcess;
  /** Decides claims. */
  readonly worker: ManagedProcess;
}

function workloadEnv(engines: Engines, user: AwsCredentials): Record<string, string> {
  return { ...baseEnv(), ...awsEnv(engines, user), BULKHEAD_WORKLOAD_URL: engines.postgres.urls.workload };
}

/** Ready when it has said so in its log. */
function hasSaid(sentence: string) {
  return async ({ logFile, logStart }: RunningProcess): Promise<boolean> =>
    readFileSync(logFile).subarray(logStart).toString('utf8').includes(`"${sentence}"`);
}

/** Starts what brings the clinic's tables into every tenant database; it has seen the whole fleet when it is ready. */
async function startMigrator(engines: Engines): Promise<ManagedProcess> {
  return await engines.supervisor.launch({
    name: 'clinic-migrator',
    command: process.execPath,
    args: [script('apps/clinic/dist/migrate.main.js'), '--follow'],
    env: workloadEnv(engines, engines.aws.migrator),
    cwd: engines.folder.dir,
    ready: hasSaid('Following the fleet.'),
  });
}

/** What a service of the workload plane knows of the control plane, and as whom it logs in there. */
function serviceEnv(
  engines: Engines,
  apiUrl: string,
  { aws, client, secretFile }: { aws: AwsCredentials; client: DemoUser; secretFile: string },
): Record<string, string> {
  return {
    ...workloadEnv(engines, aws),
    CLINIC_CLIENT_ID: client,
    CLINIC_CLIENT_SECRET_FILE: secretFile,
    BULKHEAD_OIDC_ISSUER: engines.identity.issuer,
    BULKHEAD_TOKEN_ISSUER: apiUrl,
  };
}

/** The worker issues itself a token for each tenant whose claims it decides. */
async function startWorker(engines: Engines, apiUrl: string): Promise<ManagedProcess> {
  return await engines.supervisor.launch({
    name: 'clinic-worker',
    command: process.execPath,
    args: [script('apps/clinic/dist/worker.main.js')],
    env: serviceEnv(engines, apiUrl, {
      aws: engines.aws.consumer,
      client: 'clinic-claims',
      secretFile: engines.secretFiles.clinicClaims,
    }),
    cwd: engines.folder.dir,
    stopTimeoutMs: 25_000,
    ready: hasSaid('Deciding claims.'),
  });
}

async function startClinic(engines: Engines, apiUrl: string): Promise<{ process: ManagedProcess; url: string }> {
  const { supervisor, ports, secretFiles, folder } = engines;
  const port = await ports.agreed('clinic', CLINIC_PORT_CLAIM);
  const url = `http://127.0.0.1:${port}`;
  const part = await supervisor.launch({
    name: 'clinic',
    command: process.execPath,
    args: [script('apps/clinic/dist/main.js')],
    env: {
      ...serviceEnv(engines, apiUrl, {
        aws: engines.aws.workload,
        client: 'tenancy-service',
        secretFile: secretFiles.tenancyService,
      }),
      CLINIC_HOST: '127.0.0.1',
      CLINIC_PORT: String(port),
    },
    cwd: folder.dir,
    stopTimeoutMs: 25_000,
    ready: async () => await answers(`${url}/v1/health`),
  });
  return { process: part, url };
}

/**
 * Starts the clinic, its worker and its migrator beside a control plane that runs.
 * @param apiUrl base address of the control plane's API.
 */
export async function startWorkloadPlane(engines: Engines, apiUrl: string): Promise<WorkloadPlane> {
  const { log } = engines;
  const [clinic, migrator, worker] = await Promise.allSettled([
    timed(log, 'Clinic', startClinic(engines, apiUrl)),
    timed(log, 'Clinic migrator', startMigrator(engines)),
    timed(log, 'Clinic worker', startWorker(engines, apiUrl)),
  ]);
  if (clinic.status === 'rejected') throw clinic.reason;
  if (migrator.status === 'rejected') throw migrator.reason;
  if (worker.status === 'rejected') throw worker.reason;
  const { url: clinicUrl, process: service } = clinic.value;
  return { clinicUrl, clinic: service, migrator: migrator.value, worker: worker.value };
}
