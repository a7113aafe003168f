import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PULUMI_PROJECT, stackName, type ProgramRequest } from '@bulkhead/domain';
import type { RecordedState } from '@bulkhead/domain/fleet';
import { POLICY_PACK_PATH, policyConfig } from '@bulkhead/policies';
import { CLI_ENVIRONMENT, pluginSecrets } from '../cli-environment.js';
import type { PolicyViolation, ResourceFailure } from '../errors.js';
import { pulumiVersion } from '../pulumi-version.js';
import { prepareFolder, removeFolder } from '../run-folder.js';
import type { Failure, OpenCommand, PlannedStep } from '../session/messages.js';
import { SessionEnded, SessionProcess } from '../session/session-process.js';

/** What previews need; none of it reaches a cloud or the control plane. */
export interface PreviewConfig {
  /** Folder whose `bin/pulumi` is the CLI. */
  readonly pulumiRoot: string;
  /** Folder for throwaway files. */
  readonly pulumiHome: string;
  /** Attached providers, `aws:PORT,bulkhead:PORT`; absent when the CLI starts installed plugins. */
  readonly providers?: string | undefined;
  /** Variables by which plugins that the CLI starts reach AWS; without them they reach none. */
  readonly providerEnvironment?: Readonly<Record<string, string>>;
  /** Executable policy pack; absent: the one of @bulkhead/policies. */
  readonly policyPack?: string;
  /** Longest preview of one stack, milliseconds. Default 5 minutes. */
  readonly maxMs?: number;
}

/** What a run would do to one stack. */
export interface StackPlan {
  readonly steps: readonly PlannedStep[];
  readonly violations: readonly PolicyViolation[];
  readonly failures: readonly ResourceFailure[];
  /** Why the preview did not come to its end; a broken rule is no such reason. */
  readonly error?: string;
  readonly durationMs: number;
}

export interface Previews {
  /** Previews a request on a recorded state. Never rejects for what a program or a state does. */
  plan(request: ProgramRequest, state: RecordedState | null): Promise<StackPlan>;
}

export interface Comparisons {
  /**
   * Reads the cloud and says where it differs from a recorded state (an update is a resource that was changed, a delete
   * one that is gone), and what the next run would do about it. The providers need the worker's access: they also look
   * into databases.
   */
  compare(wanted: Comparison): Promise<StackComparison>;
}

export interface Comparison {
  readonly request: ProgramRequest;
  readonly state: RecordedState;
  /** Resources (by URN) for which the second question is asked even when they are as they were left. */
  readonly known: readonly string[];
  /** Aborted, it ends at once, as one that could not be compared. */
  readonly signal?: AbortSignal | undefined;
}

/** Where the cloud differs from a state. */
export interface StackComparison {
  readonly steps: readonly PlannedStep[];
  /** What a run would do to each resource once the state says what the cloud does; a URN that is missing stays as it is. */
  readonly upshots: Readonly<Record<string, PlannedStep['operation']>>;
  /** The same, with what would differ. */
  readonly next: readonly PlannedStep[];
  /** Why it could not be compared. */
  readonly error?: string;
}

const MAX_MS = 5 * 60_000;

/**
 * Makes ready for previews without any access: each has a copy of the recorded state in a throwaway folder of its own,
 * takes no lease, and asks providers only what they answer without a cloud (Check, Diff, and previews of Create and
 * Update). @throws BulkheadError `pulumi_unusable` (500).
 */
export async function openPreviews(config: PreviewConfig): Promise<Previews & Comparisons> {
  const version = await pulumiVersion(config.pulumiRoot);
  return {
    plan: (request, state) => runOne(config, version, request, state),
    compare: (wanted) => compareOne(config, version, wanted),
  };
}

async function runOne(
  config: PreviewConfig,
  version: string,
  request: ProgramRequest,
  state: RecordedState | null,
): Promise<StackPlan> {
  const started = performance.now();
  const folder = await prepareFolder(config);
  try {
    await writeState(folder, stackName(request), version, state);
    return {
      ...(await runSession(openCommand(config, version, request, folder), config)),
      durationMs: elapsed(started),
    };
  } catch (error) {
    if (!(error instanceof SessionEnded)) throw error;
    return {
      steps: [],
      violations: [],
      failures: [],
      error: `${error.message}. ${String(error.cause)}`,
      durationMs: elapsed(started),
    };
  } finally {
    await removeFolder(folder);
  }
}

const NOTHING: StackComparison = { steps: [], upshots: {}, next: [] };

/** The second question is asked of the copy: it is brought to the cloud's truth, and nothing else is. */
async function compareOne(
  config: PreviewConfig,
  version: string,
  { request, state, known, signal }: Comparison,
): Promise<StackComparison> {
  const folder = await prepareFolder(config);
  try {
    await writeState(folder, stackName(request), version, state);
    const open = openCommand(config, version, request, folder);
    return await inSession(open, { ...config, signal }, async (session) => {
      const { plan: steps = [], failure } = await session.command({ kind: 'drift' });
      if (failure) return { ...NOTHING, error: whyFailed(failure) };
      if (steps.length === 0 && known.length === 0) return { ...NOTHING, steps };
      const refreshed = await session.command({ kind: 'refresh' });
      if (refreshed.failure) return { ...NOTHING, error: whyFailed(refreshed.failure) };
      const { failure: failed, plan: next = [] } = await session.command({ kind: 'plan' });
      if (failed && failed.violations.length === 0) return { ...NOTHING, error: whyFailed(failed) };
      return { steps, next, upshots: Object.fromEntries(next.map(({ urn, operation }) => [urn, operation])) };
    });
  } catch (error) {
    if (!(error instanceof SessionEnded)) throw error;
    return { ...NOTHING, error: `${error.message}.` };
  } finally {
    await removeFolder(folder);
  }
}

function whyFailed({ refusal, failures, message }: Failure): string {
  if (refusal) return refusal.publicMessage;
  return failures.map((failure) => `${failure.name}: ${failure.message}`).join(' ') || message;
}

function elapsed(started: number): number {
  return Math.round(performance.now() - started);
}

/** Layout of the `file://` backend: pkg/backend/diy in pulumi, version 1 is the one with projects. */
async function writeState(folder: string, stack: string, version: string, state: RecordedState | null): Promise<void> {
  const root = join(folder, 'state', '.pulumi');
  const file = join(root, 'stacks', PULUMI_PROJECT, `${stack}.json`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(join(root, 'meta.yaml'), 'version: 1\n');
  const text = `v${version}`;
  const magic = createHash('sha256').update(text).digest('hex');
  const manifest = { time: new Date(0).toISOString(), magic, version: text };
  const checkpoint = {
    stack: `organization/${PULUMI_PROJECT}/${stack}`,
    ...(state && { latest: { manifest, resources: state.resources.map(unprotected) } }),
  };
  await writeFile(file, JSON.stringify({ version: 3, checkpoint }));
}

/** A protected resource would end the preview at the first change that must be shown; the caller judges instead. */
function unprotected(resource: RecordedState['resources'][number]): object {
  return { ...resource, protect: false };
}

function runSession(open: OpenCommand, config: PreviewConfig): Promise<Omit<StackPlan, 'durationMs'>> {
  return inSession(open, config, async (session) => {
    const { failure, plan = [] } = await session.command({ kind: 'plan' });
    if (!failure) return { steps: plan, violations: [], failures: [] };
    const { violations, failures, refusal } = failure;
    const broken = violations.length > 0 && failures.length === 0 && !refusal;
    const error = broken ? {} : { error: refusal ? refusal.publicMessage : failure.message };
    return { steps: plan, violations, failures, ...error };
  });
}

/** Opening answers or ends the process, which the first command then notices. */
async function inSession<T>(
  open: OpenCommand,
  { signal, ...config }: PreviewConfig & Pick<Comparison, 'signal'>,
  work: (session: SessionProcess) => Promise<T>,
): Promise<T> {
  const session = new SessionProcess(open, childEnvironment(config, open.folder), { event: ignore, begun: ignore });
  const kill = (): void => session.kill();
  const deadline = setTimeout(kill, config.maxMs ?? MAX_MS);
  signal?.addEventListener('abort', kill);
  try {
    if (signal?.aborted) kill();
    await session.command(open);
    return await work(session);
  } finally {
    signal?.removeEventListener('abort', kill);
    clearTimeout(deadline);
    await session.end();
  }
}

const ignore = (): void => undefined;

function openCommand(config: PreviewConfig, version: string, request: ProgramRequest, folder: string): OpenCommand {
  const plugins = config.providerEnvironment ?? {};
  const environment = {
    ...plugins,
    PULUMI_BACKEND_URL: `file://${join(folder, 'state')}`,
    PULUMI_CONFIG_PASSPHRASE: 'nothing is encrypted in a throwaway state',
    ...CLI_ENVIRONMENT,
    ...(config.providers === undefined ? {} : { PULUMI_DEBUG_PROVIDERS: config.providers }),
  };
  return {
    kind: 'open',
    request,
    stack: stackName(request),
    exists: true,
    folder,
    pulumiRoot: config.pulumiRoot,
    pulumiVersion: version,
    environment,
    secrets: pluginSecrets(plugins),
    policyPack: config.policyPack ?? POLICY_PACK_PATH,
    policyConfig: JSON.stringify(policyConfig(request)),
  };
}

/** Nothing of the runner's own environment: whatever CI put there is not for a pull request's programs. */
function childEnvironment(config: PreviewConfig, folder: string): Record<string, string> {
  return {
    PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':'),
    HOME: folder,
    TMPDIR: folder,
    NODE_COMPILE_CACHE: join(config.pulumiHome, 'compile-cache'),
  };
}
