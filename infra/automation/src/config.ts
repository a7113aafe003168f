/** How to run Pulumi here. Nothing of it is read from the environment. */
export interface AutomationConfig {
  /** Folder whose `bin/pulumi` is the CLI. */
  readonly pulumiRoot: string;
  /** Folder of plugins and of throwaway files of runs. */
  readonly pulumiHome: string;
  /** Login that owns the state database and has CREATEROLE. Stays in the worker; runs get throwaway logins. */
  readonly stateAdminUrl: string;
  /** File with the passphrase that encrypts secrets in the state. */
  readonly passphraseFile: string;
  /** Attached providers, `aws:PORT,bulkhead:PORT`; absent when the CLI starts installed plugins. */
  readonly providers?: string | undefined;
  /** Variables by which plugins that the CLI starts reach AWS: region, endpoint, credentials. */
  readonly providerEnvironment?: Readonly<Record<string, string>>;
  /** Executable policy pack; absent: the one of @bulkhead/policies. */
  readonly policyPack?: string;
  /** Age at which a missed heartbeat lets another worker take a stack over, milliseconds. Default 20 s. */
  readonly leaseTtlMs?: number;
  /** How long a cancelled run may finish what is under way before it is killed, milliseconds. Default 20 s. */
  readonly cancelGraceMs?: number;
  /** Longest silence between the start of a command and Pulumi's first resource, milliseconds. Default 2 minutes. */
  readonly maxSilenceMs?: number;
  /** Longest run, milliseconds. Default 60 minutes: AWS may take 40 for a database instance. */
  readonly maxRunMs?: number;
}

export const DEFAULTS = {
  leaseTtlMs: 20_000,
  cancelGraceMs: 20_000,
  maxSilenceMs: 120_000,
  maxRunMs: 60 * 60_000,
} as const;

/** The configuration of a run: with what was found out once. */
export interface RunConfig extends AutomationConfig {
  readonly pulumiVersion: string;
}
