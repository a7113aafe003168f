import { Command } from 'commander';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { collected } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';
import { saveBundle } from './fleet.js';

interface PreviewOptions {
  readonly documents?: readonly string[];
  readonly bundle?: string;
  readonly tree?: string;
  readonly templates?: string;
  readonly base?: string;
  readonly tenant?: readonly string[];
  readonly approved?: string;
  readonly parallel?: string;
}

/** Where a working tree has its built runner. */
const RUNNER = join('apps', 'preview', 'dist', 'main.js');
/** All of the environment that the runner is given. A credential is not among it: the runner loads what was changed. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'CI',
  'TERM',
  'BULKHEAD_PULUMI_ROOT',
  'BULKHEAD_TOOL_PULUMI_ROOT',
] as const;
const EXIT_CODES: readonly number[] = [EXIT.ok, EXIT.error, EXIT.changesPending, EXIT.policyDenied];

const AFTERWARDS = `
Exit codes:
  0 nothing would change, 1 error, 2 stacks would change, 3 blocked or against a rule
`;

/**
 * `bulkhead preview`. Its --output names documents and may be repeated, so it has a root of its own: commander would take
 * the option for the one that all other commands share.
 */
export function preview(maker: CommandMaker): Command {
  return new Command('preview')
    .description('What the working tree would do to every live stack. Nothing is changed.')
    .option('--bundle <file>', 'fleet bundle to work from, without any access; asked of the API otherwise')
    .option('--tree <folder>', 'working tree with the programs; found from the current folder otherwise')
    .option('--templates <folder>', 'tenant templates, instead of those of the working tree')
    .option('--base <commit>', 'preview only what changed since this commit')
    .option('--tenant <id>', 'only this tenant, by id or slug; repeatable', collected)
    .option('--approved <file>', 'approved change requests, which may lose state')
    .option('--parallel <number>', 'previews at once (default: 2)')
    .option('--output <format[=file]>', 'markdown, sarif, junit or json; repeatable (default: markdown)', collected)
    .option('--context <name>', 'context to use, as `bulkhead login` made it')
    .option('--url <address>', 'address of the API')
    .option('--debug', 'tell what is sent and why something failed')
    .addHelpText('after', AFTERWARDS)
    .action(maker.does<PreviewOptions>(previewFleet));
}

async function previewFleet(session: Session, given: PreviewOptions & { output?: unknown }): Promise<ExitCode> {
  const options: PreviewOptions = {
    ...given,
    ...(Array.isArray(given.output) && { documents: given.output as string[] }),
  };
  const runner = join(treeOf(options.tree), RUNNER);
  if (!existsSync(runner))
    throw usageError(
      'preview_not_built',
      `${runner} is not there.`,
      'Run `npm ci && npm run build` in the working tree.',
    );
  if (options.bundle !== undefined)
    return await start(session, runner, { ...options, bundle: resolve(options.bundle) });
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-bundle-'));
  try {
    const bundle = join(folder, 'fleet.jsonl');
    session.note('Reading the fleet…');
    await saveBundle(session, bundle);
    return await start(session, runner, { ...options, bundle });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts the runner of the working tree, with what it must know and nothing that reaches the control plane. */
async function start({ terminal }: Session, runner: string, options: PreviewOptions): Promise<ExitCode> {
  const env = Object.fromEntries(PASSED_ON.flatMap((name) => (terminal.env[name] ? [[name, terminal.env[name]]] : [])));
  const child = spawn(process.execPath, [runner, ...runnerArguments(options)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.pipe(terminal.stdout, { end: false });
  const [code] = (await once(child, 'close')) as [number | null];
  return (EXIT_CODES.includes(code ?? EXIT.error) ? code : EXIT.error) as ExitCode;
}

function runnerArguments({
  bundle,
  templates,
  base,
  tenant = [],
  approved,
  parallel,
  documents = [],
}: PreviewOptions): string[] {
  const single = { bundle, templates, base, approved, parallel };
  return [
    ...Object.entries(single).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...tenant.map((name) => `--tenant=${name}`),
    ...documents.map((document) => `--output=${document}`),
  ];
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
