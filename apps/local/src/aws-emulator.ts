import { mkdirSync } from 'node:fs';
import { ensureAwsUsers, readRunMark, writeRunMark } from './aws-users.js';
import { saveSecrets, type AwsCredentials, type LocalSecrets } from './local-secrets.js';
import { localError } from './local-error.js';
import { readJson, writePrivateFile, type StateFolder } from './state-folder.js';
import type { ManagedProcess, ProcessSpec, Supervisor } from './supervisor.js';

export const AWS_REGION = 'us-east-1';
export const AWS_ACCOUNT_ID = '000000000000';

/** The AWS API emulator (MiniStack) with IAM enforced, and the users that the control plane acts as. */
export interface AwsEmulator {
  readonly process: ManagedProcess;
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  /** For the stack's own bootstrap and for tests; no part of the control plane has it. */
  readonly root: AwsCredentials;
  /** IAM user of the provider servers. */
  readonly provisioner: AwsCredentials;
  /** IAM user of the worker's activities. */
  readonly worker: AwsCredentials;
  /** IAM user of isolation proofs: it may take the roles of cells, for tenants of its own. */
  readonly prover: AwsCredentials;
  /** IAM user of the workload's services: it may take the roles of cells and stacks, and nothing else. */
  readonly workload: AwsCredentials;
  /** IAM user of services that work on the queue: it also logs in as the consumer of each database. */
  readonly consumer: AwsCredentials;
  /** IAM user of the fleet migrator: it reads the migrators' logins, and nothing else. */
  readonly migrator: AwsCredentials;
}

interface RunRecord {
  readonly run: number;
}

function emulatorSpec(folder: StateFolder, python: string, port: number, root: AwsCredentials): ProcessSpec {
  const temporary = folder.path('aws', 'tmp');
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  return {
    name: 'aws',
    command: python,
    args: ['-m', 'ministack'],
    cwd: folder.dir,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: temporary,
      TMPDIR: temporary,
      PYTHONDONTWRITEBYTECODE: '1',
      // The defaults listen on all interfaces.
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      SFTP_ENABLED: '0',
      IOT_MTLS_ENABLED: '0',
      AUTH: 'true',
      AWS_ACCESS_KEY_ID: root.accessKeyId,
      AWS_SECRET_ACCESS_KEY: root.secretAccessKey,
      MINISTACK_REGION: AWS_REGION,
      MINISTACK_ACCOUNT_ID: AWS_ACCOUNT_ID,
      PERSIST_STATE: '1',
      STATE_DIR: folder.path('aws', 'state'),
      S3_PERSIST: '1',
      S3_DATA_DIR: folder.path('aws', 's3'),
      LOG_LEVEL: 'WARNING',
    },
    // All state is written at the orderly stop: killing it earlier loses it.
    stopTimeoutMs: 30_000,
    ready: async () =>
      (await fetch(`http://127.0.0.1:${port}/_ministack/health`, { signal: AbortSignal.timeout(1000) })).ok,
  };
}

/**
 * The emulator writes its state only when it stops in order. So each start leaves its number in the emulator and in a
 * file: when the next start finds another number in the emulator than in the file, what happened since the number that
 * it found is lost, and the tenants in the control database no longer have their resources.
 */
async function checkRunMark(emulator: AwsEmulator, recordFile: string): Promise<void> {
  const record = readJson(recordFile) as RunRecord | undefined;
  if (record !== undefined && (await readRunMark(emulator)) !== record.run) {
    throw localError(
      'local_aws_state_lost',
      'The AWS emulator lost its state (the last run was killed).',
      'Run `npm run reset` to delete the local tenants and begin anew, then `npm start`.',
    );
  }
}

async function markRun(emulator: AwsEmulator, recordFile: string): Promise<void> {
  const run = ((readJson(recordFile) as RunRecord | undefined)?.run ?? 0) + 1;
  await writeRunMark(emulator, run);
  writePrivateFile(recordFile, JSON.stringify({ run } satisfies RunRecord));
}

/**
 * Starts the emulator, makes the IAM users where they are missing and checks that its state is the one of the last run.
 * @throws BulkheadError `local_aws_state_lost`.
 */
export async function startAwsEmulator(
  supervisor: Supervisor,
  options: { python: string; port: number; secrets: LocalSecrets },
): Promise<AwsEmulator> {
  const { folder } = supervisor;
  const { python, port, secrets } = options;
  const spec = emulatorSpec(folder, python, port, secrets.awsRoot);
  const child = await supervisor.launch(spec);
  const base = {
    endpoint: `http://127.0.0.1:${port}`,
    region: AWS_REGION,
    accountId: AWS_ACCOUNT_ID,
    root: secrets.awsRoot,
  };
  const recordFile = folder.path('aws', 'run.json');
  const bare: AwsEmulator = {
    ...base,
    process: child,
    provisioner: secrets.awsRoot,
    worker: secrets.awsRoot,
    prover: secrets.awsRoot,
    workload: secrets.awsRoot,
    consumer: secrets.awsRoot,
    migrator: secrets.awsRoot,
  };
  await checkRunMark(bare, recordFile);
  const users = await ensureAwsUsers(bare, secrets.awsUsers);
  saveSecrets(folder, Object.assign(secrets, { awsUsers: users }));
  await markRun(bare, recordFile);
  return {
    ...bare,
    provisioner: users['bulkhead-provisioner'],
    worker: users['bulkhead-worker'],
    prover: users['bulkhead-prover'],
    workload: users['bulkhead-workload'],
    consumer: users['bulkhead-consumer'],
    migrator: users['bulkhead-migrator'],
  };
}
