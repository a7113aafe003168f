import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { saveBundle } from './commands/fleet.js';
import { EXIT, type ExitCode } from './exit-code.js';
import type { Session } from './session.js';
import { usageError } from './usage-error.js';

/** All of the environment that a runner is given. No credential of the control plane is among it. */
const PASSED_ON =
  /^(?:PATH|HOME|TMPDIR|CI|TERM|XDG_CACHE_HOME|BULKHEAD_PULUMI_ROOT|BULKHEAD_TOOL_PULUMI_ROOT|BULKHEAD_TOOLS_DIR)$/;
const EXIT_CODES: readonly number[] = [EXIT.ok, EXIT.error, EXIT.changesPending, EXIT.policyDenied];

export interface RunnerOptions {
  readonly bundle: string | undefined;
  readonly tree: string | undefined;
  readonly args: readonly string[];
}

/**
 * Starts the runner of the working tree on a fleet bundle: the one that is named, or a fresh one that this process asks
 * of the API. The runner itself loads programs that may be anybody's, so it never knows how to reach the API.
 * @throws BulkheadError `preview_not_built`, `no_working_tree`.
 */
export async function startRunner(session: Session, { bundle, tree, args }: RunnerOptions): Promise<ExitCode> {
  const file = join(treeOf(tree), 'apps', 'preview', 'dist', 'main.js');
  if (!existsSync(file))
    throw usageError(
      'preview_not_built',
      `${file} is not there.`,
      'Run `npm ci && npm run build` in the working tree.',
    );
  if (bundle !== undefined) return await run(session, file, resolve(bundle), args);
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-bundle-'));
  try {
    const fresh = join(folder, 'fleet.jsonl');
    session.note('Reading the fleet…');
    await saveBundle(session, fresh);
    return await run(session, file, fresh, args);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run({ terminal }: Session, file: string, bundle: string, args: readonly string[]): Promise<ExitCode> {
  const given = Object.entries(terminal.env).filter(([name]) => PASSED_ON.test(name));
  const command = [file, '--bundle', bundle, ...args];
  const child = spawn(process.execPath, command, {
    env: Object.fromEntries(given),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.pipe(terminal.stdout, { end: false });
  const [code] = (await once(child, 'close')) as [number | null];
  return (EXIT_CODES.includes(code ?? EXIT.error) ? code : EXIT.error) as ExitCode;
}

/** The folder itself or the nearest one above it that has the runner's sources. */
function treeOf(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'apps', 'preview', 'package.json'))) return folder;
    if (dirname(folder) === folder) break;
  }
  const remediation = 'Go into a clone of the platform repository, or name it with --tree.';
  throw usageError('no_working_tree', 'There is no working tree here.', remediation);
}
