import type { ListPlansResponse } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { money } from '../output/money.js';
import { printList, time, version, type Shape } from '../output/print.js';

type Plan = ListPlansResponse['data'][number];

const PLAN: Shape<Plan> = {
  name: version,
  columns: {
    PLAN: version,
    TITLE: ({ title }) => title,
    KIND: ({ kind }) => kind,
    PRICE: ({ price, currency, interval }) => `${money(price.unitAmountMinor, currency)} ${price.model} a ${interval}`,
    FEE: ({ price, currency }) => price.platformFeeMinor && money(price.platformFeeMinor, currency),
    TIERS: ({ tiers: allowed }) => allowed.join(','),
    PUBLISHED: ({ publishedAt }) => time(publishedAt),
  },
};

export function plans(maker: CommandMaker): Command {
  const noun = maker.noun('plans', 'Commercial offers: price, modules, quotas.');
  noun
    .command('list')
    .description('List the newest version of every plan.')
    .action(maker.does(async (session) => printList(session, (await session.client().listPlans()).data, PLAN)));
  noun
    .command('get')
    .description('Show all versions of a plan, newest first.')
    .argument('<plan>', 'name', reference)
    .action(
      maker.does(async (session, _options, name = '') => {
        printList(session, (await session.client().getPlan({ path: { name } })).versions, PLAN);
      }),
    );
  return noun;
}
