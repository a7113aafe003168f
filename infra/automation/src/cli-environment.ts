/** What every start of the Pulumi CLI is told. */
export const CLI_ENVIRONMENT: Readonly<Record<string, string>> = {
  PULUMI_SKIP_UPDATE_CHECK: 'true',
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
  PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
  // Looks for stacks of a layout that never existed here, on every start.
  PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: 'true',
  // What the garbage collector aims at.
  GOMEMLIMIT: '512MiB',
};

/** Values in the plugins' environment that may be credentials: long enough to be one. */
export function pluginSecrets(plugins: Readonly<Record<string, string>>): string[] {
  return Object.values(plugins).filter((value) => value.length >= 16);
}
