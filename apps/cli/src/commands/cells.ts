import type { CellView, CreateCellBody } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printOne, time, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { finish, onceOnly, withWaiting, type WaitOptions } from './wait.js';

const CELL: Shape<CellView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    NAME: ({ name }) => name,
    REGION: ({ region }) => region,
    CAPACITY: ({ capacity }) => capacity,
    STATE: ({ state }) => state,
    CREATED: ({ createdAt }) => time(createdAt),
  },
};

interface CellFilter extends ListOptions {
  readonly region?: string;
  readonly state?: string;
}

export function cells(maker: CommandMaker): Command {
  const noun = maker.noun('cells', 'Shared planes with a capacity.');
  withWaiting(noun.command('create'))
    .description('Stand up a cell.')
    .requiredOption('--name <name>', 'name, unique')
    .requiredOption('--region <region>', 'region; needs a landing zone')
    .requiredOption('--capacity <number>', 'tenants that may be placed here', wholeNumber)
    .option('--database-class <class>', 'RDS instance class')
    .option('--database-gb <number>', 'storage of the database, GiB', wholeNumber)
    .action(maker.does<CreateCellBody & WaitOptions>(create));
  withPaging(noun.command('list'))
    .description('List cells, newest first.')
    .option('--region <region>', 'only those in this region')
    .option('--state <state>', 'only those in this state')
    .action(maker.does<CellFilter>(list));
  noun
    .command('get')
    .description('Show one cell.')
    .argument('<cell>', 'id', reference)
    .action(
      maker.does(async (session, _options, id = '') => {
        printOne(session, await session.client().getCell({ path: { id } }), CELL);
      }),
    );
  return noun;
}

async function create(session: Session, options: CreateCellBody & WaitOptions): Promise<void> {
  const { name, region, capacity, databaseClass, databaseGb } = options;
  const database = { ...(databaseClass && { databaseClass }), ...(databaseGb !== undefined && { databaseGb }) };
  const client = session.client();
  const { cell, operation } = await client.createCell({
    body: { name, region, capacity, ...database },
    ...onceOnly(options),
  });
  await finish(session, client, operation.id, options, async (ended) => {
    const latest = ended ? await client.getCell({ path: { id: cell.id } }) : cell;
    printOne(session, latest, CELL, { cell: latest, operation: ended ?? operation });
  });
}

async function list(session: Session, options: CellFilter): Promise<void> {
  const { region, state } = options;
  const filter = { region, state } as object;
  const client = session.client();
  await printPages(session, options, CELL, (page) => client.listCells({ query: { ...filter, ...page } }));
}
