import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stackName, type ProgramRequest } from '@bulkhead/domain';
import { isLoopback } from '@bulkhead/kernel';
import { POLICY_PACK_PATH, policyConfig } from '@bulkhead/policies';
import { CLI_ENVIRONMENT, pluginSecrets } from './cli-environment.js';
import { DEFAULTS, type AutomationConfig, type RunConfig } from './config.js';
import type { OpenCommand } from './session/messages.js';
import type { Lease } from './state/leases.js';

/** Makes the throwaway folder of a run: a Pulumi home of its own, which shares only the plugins. */
export async function prepareFolder(config: Pick<AutomationConfig, 'pulumiHome'>): Promise<string> {
  const runs = join(config.pulumiHome, 'runs');
  const plugins = join(config.pulumiHome, 'plugins');
  await mkdir(runs, { recursive: true, mode: 0o700 });
  await mkdir(plugins, { recursive: true });
  const folder = await mkdtemp(join(runs, 'run-'));
  await mkdir(join(folder, 'home'));
  await symlink(plugins, join(folder, 'home', 'plugins'));
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Removes the folders that killed workers left. */
export async function sweepRunFolders(config: AutomationConfig): Promise<void> {
  const runs = join(config.pulumiHome, 'runs');
  const oldest = Date.now() - 2 * (config.maxRunMs ?? DEFAULTS.maxRunMs);
  for (const name of await readdir(runs).catch(() => [])) {
    const folder = join(runs, name);
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < oldest) await removeFolder(folder);
  }
}

export interface SessionSettings {
  readonly open: Omit<OpenCommand, 'exists'>;
  /** All that the child inherits: in particular no address of the control database and no login but the run's own. */
  readonly childEnvironment: Readonly<Record<string, string>>;
}

/** What a child needs to run Pulumi on a stack, and nothing more. */
export async function sessionSettings(
  config: RunConfig,
  lease: Lease,
  folder: string,
  request: ProgramRequest,
): Promise<SessionSettings> {
  const backend = new URL(config.stateAdminUrl);
  backend.username = lease.login;
  backend.password = lease.password.reveal();
  // The address may say otherwise; where it says nothing, only the loopback interface goes without TLS.
  if (!backend.searchParams.has('sslmode'))
    backend.searchParams.set('sslmode', isLoopback(backend.hostname) ? 'disable' : 'verify-full');
  const passphrase = (await readFile(config.passphraseFile, 'utf8')).trim();
  const plugins = config.providerEnvironment ?? {};
  const environment: Record<string, string> = {
    ...plugins,
    PULUMI_BACKEND_URL: backend.toString(),
    PULUMI_CONFIG_PASSPHRASE_FILE: config.passphraseFile,
    // The work folder is thrown away, and with it the settings file that names the secrets provider.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: 'true',
    ...CLI_ENVIRONMENT,
    ...(config.providers === undefined ? {} : { PULUMI_DEBUG_PROVIDERS: config.providers }),
  };
  return {
    open: {
      kind: 'open',
      request,
      stack: stackName(request),
      folder,
      pulumiRoot: config.pulumiRoot,
      pulumiVersion: config.pulumiVersion,
      environment,
      secrets: [backend.password, passphrase, ...pluginSecrets(plugins)],
      policyPack: config.policyPack ?? POLICY_PACK_PATH,
      policyConfig: JSON.stringify(policyConfig(request)),
    },
    childEnvironment: {
      PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
      HOME: folder,
      TMPDIR: folder,
      NODE_COMPILE_CACHE: join(config.pulumiHome, 'compile-cache'),
    },
  };
}
