import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printQuote } from './quote-output.js';

export function quotes(maker: CommandMaker): Command {
  const noun = maker.noun('quotes', 'What a change would mean, as it was computed once.');
  noun
    .command('get')
    .description('Show a quote that `changes quote` made.')
    .argument('<quote>', 'id', reference)
    .action(
      maker.does(async (session, _options, id = '') => {
        printQuote(session, await session.client().getQuote({ path: { id } }));
      }),
    );
  return noun;
}
