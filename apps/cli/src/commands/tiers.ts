import type { ListTiersResponse } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printList, time, version, type Shape } from '../output/print.js';

type Tier = ListTiersResponse['data'][number];

const TIER: Shape<Tier> = {
  name: version,
  columns: {
    TIER: version,
    TITLE: ({ title }) => title,
    DATABASE: ({ layers }) => layers.database,
    STORAGE: ({ layers }) => layers.storage,
    KEY: ({ layers }) => layers.key,
    QUEUE: ({ layers }) => layers.queue,
    SERVICE: ({ serviceClass }) => serviceClass,
    PUBLISHED: ({ publishedAt }) => time(publishedAt),
  },
};

export function tiers(maker: CommandMaker): Command {
  const noun = maker.noun('tiers', 'Operational promises: what is shared and what is dedicated.');
  noun
    .command('list')
    .description('List the newest version of every tier.')
    .action(maker.does(async (session) => printList(session, (await session.client().listTiers()).data, TIER)));
  noun
    .command('get')
    .description('Show all versions of a tier, newest first.')
    .argument('<tier>', 'name', reference)
    .action(
      maker.does(async (session, _options, name = '') => {
        printList(session, (await session.client().getTier({ path: { name } })).versions, TIER);
      }),
    );
  return noun;
}
