import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAwsEmulator, type AwsEmulator } from '@bulkhead/providers/testing/aws-emulator';
import { startProviders, type ProviderProcess } from '@bulkhead/providers/testing/pulumi-stack';
import { startRdsHost, type TestRdsHost } from '@bulkhead/providers/testing/rds-host';
import { locateTools } from '@bulkhead/providers/testing/tools';
import type { AutomationConfig } from '../config.js';
import { startAwsProxy, type AwsProxy } from './aws-proxy.js';
import { startStateDatabase, type StateDatabase } from './state-database.js';

/** All that a run needs, real: the CLI, state in Postgres, both providers, the AWS emulator, an RDS host. */
export interface LocalCloud {
  readonly emulator: AwsEmulator;
  /** What the providers take for AWS. */
  readonly proxy: AwsProxy;
  readonly rds: TestRdsHost;
  readonly state: StateDatabase;
  readonly providers: ProviderProcess;
  readonly config: AutomationConfig;
  stop(): Promise<void>;
}

export async function startLocalCloud(overrides: Partial<AutomationConfig> = {}): Promise<LocalCloud> {
  const [emulator, rds, state, folder] = await Promise.all([
    startAwsEmulator(),
    startRdsHost(),
    startStateDatabase(),
    mkdtemp(join(tmpdir(), 'bulkhead-automation-')),
  ]);
  const proxy = await startAwsProxy(emulator.endpoint);
  const providers = await startProviders({
    AWS_REGION: emulator.region,
    AWS_ENDPOINT_URL: proxy.endpoint,
    AWS_ACCESS_KEY_ID: emulator.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulator.credentials.secretAccessKey,
    BULKHEAD_LOCAL_RDS_URL: rds.url,
    BULKHEAD_LOCAL_RDS_TOKEN: rds.token,
  });
  const passphraseFile = join(folder, 'passphrase');
  await writeFile(passphraseFile, 'passphrase-of-the-tests', { mode: 0o600 });
  return {
    emulator,
    proxy,
    rds,
    state,
    providers,
    config: {
      pulumiRoot: locateTools().pulumiRoot,
      pulumiHome: join(folder, 'home'),
      stateAdminUrl: state.adminUrl,
      passphraseFile,
      providers: `aws:${providers.ports.aws},bulkhead:${providers.ports.bulkhead}`,
      ...overrides,
    },
    async stop() {
      await providers.stop();
      await proxy.stop();
      await Promise.all([emulator.stop(), rds.stop(), state.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
