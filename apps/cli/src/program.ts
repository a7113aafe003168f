import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { CommandMaker } from './command.js';
import { apiKeys } from './commands/api-keys.js';
import { approvals } from './commands/approvals.js';
import { audit } from './commands/audit.js';
import { cells } from './commands/cells.js';
import { changes } from './commands/changes.js';
import { complete as completeWords, completion } from './commands/completion.js';
import { contexts } from './commands/contexts.js';
import { doctor } from './commands/doctor.js';
import { entitlements } from './commands/entitlements.js';
import { eligibility } from './commands/eligibility.js';
import { facts } from './commands/facts.js';
import { drift } from './commands/drift.js';
import { fleet } from './commands/fleet.js';
import { isolation } from './commands/isolation.js';
import { landingZones } from './commands/landing-zones.js';
import { legalHolds } from './commands/legal-holds.js';
import { login } from './commands/login.js';
import { logout } from './commands/logout.js';
import { operations } from './commands/operations.js';
import { placements } from './commands/placements.js';
import { plans } from './commands/plans.js';
import { preview } from './commands/preview.js';
import { quotes } from './commands/quotes.js';
import { support } from './commands/support.js';
import { tenants } from './commands/tenants.js';
import { tokens } from './commands/tokens.js';
import { tiers } from './commands/tiers.js';
import { EXIT, exitCodeOf, type ExitCode } from './exit-code.js';
import { OUTPUT_FORMATS } from './output/output-format.js';
import { reportError } from './report-error.js';
import type { Terminal } from './terminal.js';

const { version: VERSION } = createRequire(import.meta.url)('../package.json') as { version: string };

const NOUNS = [
  login,
  logout,
  contexts,
  doctor,
  tenants,
  placements,
  entitlements,
  tokens,
  operations,
  facts,
  eligibility,
  quotes,
  changes,
  approvals,
  legalHolds,
  support,
  tiers,
  plans,
  cells,
  landingZones,
  apiKeys,
  audit,
  fleet,
  isolation,
  preview,
  drift,
  completion,
];

const AFTERWARDS = `
Environment:
  BULKHEAD_URL                          address of the API, instead of a context
  BULKHEAD_TOKEN or BULKHEAD_API_KEY    credential, instead of a context's
  CI                                    where it is set nothing is asked

Exit codes:
  0 ok, 1 error, 2 changes pending (dry runs), 3 policy denied, 4 approval needed, 5 timeout, 130 interrupted;
  of isolation proofs: 0 green, 2 leaks found, 3 void
`;

/** Carries out one command line; the answer is the exit code. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const maker = new CommandMaker(terminal);
  try {
    const [first, ...rest] = args;
    const root =
      first === 'preview' ? complete(preview(maker).name('bulkhead preview'), terminal) : buildProgram(maker, terminal);
    await root.parseAsync(first === 'preview' ? rest : args, { from: 'user' });
    return maker.exitCode;
  } catch (error) {
    // Commander has said already what was wrong with the line, or has printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.error;
    reportError(error, terminal, maker);
    return exitCodeOf(error);
  }
}

/** All commands. */
export function buildProgram(maker: CommandMaker, terminal: Terminal): Command {
  const program = new Command('bulkhead')
    .description('The control plane’s command line: bulkhead <noun> <verb>.')
    .addOption(new Option('-o, --output <format>', 'how data is printed').choices(OUTPUT_FORMATS).default('table'))
    .option('--context <name>', 'context to use, as `bulkhead login` made it')
    .option('--url <address>', 'address of the API')
    .option('--no-input', 'never ask, even where somebody could answer')
    .option('--debug', 'tell what is sent and why something failed')
    .version(VERSION, '--version', 'print the version of the command line')
    .addHelpText('after', AFTERWARDS);
  for (const noun of NOUNS) program.addCommand(noun(maker));
  program.addCommand(completeWords(maker), { hidden: true });
  maker.root = program;
  return complete(program, terminal);
}

/** Sets for a command, and for all below it, what it prints and where. */
function complete(root: Command, { stdout, stderr }: Terminal): Command {
  for (const command of [root, ...root.commands.flatMap((noun) => [noun, ...noun.commands])]) {
    command
      .exitOverride()
      .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
      .configureHelp({ showGlobalOptions: true })
      .showHelpAfterError('(add --help for what there is)')
      .allowExcessArguments(false);
  }
  return root;
}
