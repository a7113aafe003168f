import { readFileSync } from 'node:fs';
import type { AwsCredentials } from './local-secrets.js';
import { answers, awsEnv, baseEnv, script } from './control-plane.js';
import type { Engines } from './engines.js';
import type { ManagedProcess } from './supervisor.js';
import { timed } from './timed.js';

const CLINIC_PORT = 4710;

/** The vendor's own services, beside the control plane: the clinic and what migrates its databases. */
export interface WorkloadPlane {
  /** Base address of the clinic, without a slash at the end. */
  readonly clinicUrl: string;
  readonly clinic: ManagedProcess;
  readonly migrator: ManagedProcess;
}

function workloadEnv(engines: Engines, user: AwsCredentials): Record<string, string> {
  return { ...baseEnv(), ...awsEnv(engines, user), BULKHEAD_WORKLOAD_URL: engines.postgres.urls.workload };
}

/** Starts what brings the clinic's tables into every tenant database; it has seen the whole fleet when it is ready. */
async function startMigrator(engines: Engines): Promise<ManagedProcess> {
  return await engines.supervisor.launch({
    name: 'clinic-migrator',
    command: process.execPath,
    args: [script('apps/clinic/dist/migrate.main.js'), '--follow'],
    env: workloadEnv(engines, engines.aws.migrator),
    cwd: engines.folder.dir,
    ready: async ({ logFile, logStart }) =>
      readFileSync(logFile).subarray(logStart).toString('utf8').includes('"Following the fleet."'),
  });
}

async function startClinic(engines: Engines, apiUrl: string): Promise<{ process: ManagedProcess; url: string }> {
  const { supervisor, ports, identity, aws, secretFiles, folder } = engines;
  const port = await ports.claim('clinic', { preferred: CLINIC_PORT, env: 'BULKHEAD_CLINIC_PORT' });
  const url = `http://127.0.0.1:${port}`;
  const part = await supervisor.launch({
    name: 'clinic',
    command: process.execPath,
    args: [script('apps/clinic/dist/main.js')],
    env: {
      ...workloadEnv(engines, aws.workload),
      CLINIC_HOST: '127.0.0.1',
      CLINIC_PORT: String(port),
      CLINIC_CLIENT_ID: 'tenancy-service',
      CLINIC_CLIENT_SECRET_FILE: secretFiles.tenancyService,
      BULKHEAD_OIDC_ISSUER: identity.issuer,
      BULKHEAD_TOKEN_ISSUER: apiUrl,
    },
    cwd: folder.dir,
    stopTimeoutMs: 25_000,
    ready: async () => await answers(`${url}/v1/health`),
  });
  return { process: part, url };
}

/**
 * Starts the clinic and its migrator beside a control plane that runs.
 * @param apiUrl base address of the control plane's API.
 */
export async function startWorkloadPlane(engines: Engines, apiUrl: string): Promise<WorkloadPlane> {
  const { log } = engines;
  const [clinic, migrator] = await Promise.allSettled([
    timed(log, 'Clinic', startClinic(engines, apiUrl)),
    timed(log, 'Clinic migrator', startMigrator(engines)),
  ]);
  if (clinic.status === 'rejected') throw clinic.reason;
  if (migrator.status === 'rejected') throw migrator.reason;
  return { clinicUrl: clinic.value.url, clinic: clinic.value.process, migrator: migrator.value };
}
