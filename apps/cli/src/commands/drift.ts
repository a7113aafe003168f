import { Command } from 'commander';
import { collected } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import type { ExitCode } from '../exit-code.js';
import { startRunner } from '../runner.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';

interface DriftOptions {
  readonly bundle?: string;
  readonly tree?: string;
  readonly tenant?: readonly string[];
  readonly parallel?: string;
  readonly inventory?: boolean;
  readonly expectNoChanges?: boolean;
}

export function drift(maker: CommandMaker): Command {
  return new Command('drift')
    .description('Where the cloud differs from what the last runs left: AWS credentials that may read are enough.')
    .option('--bundle <file>', 'fleet bundle to compare with; asked of the API otherwise')
    .option('--tree <folder>', 'working tree with the programs; found from the current folder otherwise')
    .option('--tenant <id>', 'only this tenant, by id or slug; repeatable', collected)
    .option('--parallel <number>', 'stacks at once (default: 2)')
    .option('--inventory', 'look too for resources that no live stack has, and for those that are gone')
    .option('--expect-no-changes', 'end with 2 when anything differs')
    .action(maker.does<DriftOptions>(compare));
}

async function compare(session: Session, options: DriftOptions): Promise<ExitCode> {
  const { bundle, tree, tenant = [], parallel, inventory, expectNoChanges } = options;
  const { output } = session.options;
  if (output !== 'table' && output !== 'json')
    throw usageError('output_unknown', `drift has no output ${output}.`, 'Use -o table or -o json.');
  const args = [
    ...tenant.map((name) => `--tenant=${name}`),
    ...(parallel === undefined ? [] : [`--parallel=${parallel}`]),
    ...(inventory ? ['--inventory'] : []),
    ...(expectNoChanges ? ['--expect-no-changes'] : []),
    `--output=${output}`,
  ];
  return startRunner(session, { main: 'drift.main.js', bundle, tree, args, reachesAws: true });
}
