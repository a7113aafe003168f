import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printOne } from '../output/print.js';
import type { Session } from '../session.js';
import { approvalsOf, CHANGE, CHANGE_ROW } from './change-output.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { onceOnly, type WaitOptions } from './wait.js';

interface DecisionOptions extends WaitOptions {
  readonly hash: string;
  readonly note?: string;
}

export function approvals(maker: CommandMaker): Command {
  const noun = maker.noun('approvals', 'Change requests that wait for a yes or a no.');
  withPaging(noun.command('list'))
    .description('List what is waiting, newest first.')
    .action(
      maker.does<ListOptions>(async (session, options) => {
        const client = session.client();
        const query = { state: 'pending' as const };
        await printPages(session, options, CHANGE_ROW, (page) =>
          client.listChangeRequests({ query: { ...query, ...page } }),
        );
      }),
    );
  for (const [verb, action, summary] of [
    ['approve', 'approveChangeRequest', 'Say yes to what the request says.'],
    ['reject', 'rejectChangeRequest', 'Say no, which closes the request.'],
  ] as const) {
    noun
      .command(verb)
      .description(summary)
      .argument('<change>', 'id', reference)
      .requiredOption('--hash <hash>', 'hash of the request that you have read')
      .option('--note <text>', 'kept with the decision')
      .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
      .action(
        maker.does<DecisionOptions>(async (session, options, id = '') => await decide(session, options, id, action)),
      );
  }
  return noun;
}

async function decide(
  session: Session,
  options: DecisionOptions,
  id: string,
  action: 'approveChangeRequest' | 'rejectChangeRequest',
): Promise<void> {
  const body = { hash: options.hash, ...(options.note && { note: options.note }) };
  const change = await session.client()[action]({ path: { id }, body, ...onceOnly(options) });
  printOne(session, change, CHANGE);
  const missing = change.approvalsNeeded - approvalsOf(change);
  if (change.state === 'pending') session.note(`${missing} more must approve it.`);
}
