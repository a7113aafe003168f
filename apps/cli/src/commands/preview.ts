import { Command } from 'commander';
import { collected } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import type { ExitCode } from '../exit-code.js';
import { startRunner } from '../runner.js';
import type { Session } from '../session.js';

interface PreviewOptions {
  readonly bundle?: string;
  readonly tree?: string;
  readonly templates?: string;
  readonly base?: string;
  readonly tenant?: readonly string[];
  readonly parallel?: string;
}

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
    .option('--parallel <number>', 'previews at once (default: 2)')
    .option('--output <format[=file]>', 'markdown, sarif, junit or json; repeatable (default: markdown)', collected)
    .option('--context <name>', 'context to use, as `bulkhead login` made it')
    .option('--url <address>', 'address of the API')
    .option('--debug', 'tell what is sent and why something failed')
    .addHelpText('after', AFTERWARDS)
    .action(maker.does<PreviewOptions>(previewFleet));
}

/** Here --output names documents, and not the form of data on stdout. */
async function previewFleet(session: Session, options: PreviewOptions & { output?: unknown }): Promise<ExitCode> {
  const { bundle, tree, templates, base, tenant = [], parallel, output } = options;
  const documents = Array.isArray(output) ? (output as readonly string[]) : [];
  const single = Object.entries({ templates, base, parallel });
  const args = [
    ...single.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...tenant.map((name) => `--tenant=${name}`),
    ...documents.map((document) => `--output=${document}`),
  ];
  return startRunner(session, { bundle, tree, args });
}
