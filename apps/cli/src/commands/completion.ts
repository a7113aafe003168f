import { Argument, Command } from 'commander';
import type { CommandMaker } from '../command.js';
import { candidates } from '../completion/candidates.js';
import { SCRIPTS, SHELLS, type Shell } from '../completion/scripts.js';
import { ContextStore } from '../contexts/context-store.js';
import type { Session } from '../session.js';
import { printable } from '../terminal.js';

const AFTERWARDS = `
Add one of these to your shell's start file:
  bash   source <(bulkhead completion bash)
  zsh    source <(bulkhead completion zsh)      after compinit
  fish   bulkhead completion fish | source
`;

export function completion(maker: CommandMaker): Command {
  return new Command('completion')
    .description('Print what a shell loads to complete commands, options and contexts.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', AFTERWARDS)
    .action(maker.does(async ({ terminal }, _options, shell) => void terminal.stdout.write(SCRIPTS[shell as Shell])));
}

/** What those scripts ask; hidden from people. */
export function complete(maker: CommandMaker): Command {
  return new Command('complete').argument('[words...]').action(
    maker.does(async (session, _options, ...given) => {
      const words = given[0] as unknown as readonly string[];
      for (const { word, summary } of candidates(maker.root, words, (name) => knownValues(session, name)))
        session.terminal.stdout.write(`${printable(word)}\t${printable(summary)}\n`);
    }),
  );
}

function knownValues({ terminal }: Session, name: string): readonly string[] {
  return name === 'context' ? [...new ContextStore(terminal).read().named.keys()] : [];
}
