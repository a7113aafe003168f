import type { BindingView } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printList, printOne, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { findTenant } from './find-tenant.js';

const BINDING: Shape<BindingView> = {
  name: ({ bindingId }) => bindingId,
  columns: {
    LAYER: ({ layer }) => layer,
    ISOLATION: ({ isolation }) => isolation,
    STATE: ({ state }) => state,
    EPOCH: ({ epoch }) => epoch,
    BINDING: ({ bindingId }) => bindingId,
    CELL: ({ cellId }) => cellId,
    WHERE: ({ outputs }) =>
      Object.entries(outputs)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
  },
};

export function placements(maker: CommandMaker): Command {
  const noun = maker.noun('placements', 'Where each layer of a tenant is.');
  noun
    .command('get')
    .description('Show the bindings of a tenant, one for each layer.')
    .argument('<tenant>', 'id or slug', reference)
    .action(maker.does(get));
  return noun;
}

async function get(session: Session, _options: unknown, tenant = ''): Promise<void> {
  const client = session.client();
  const { id } = await findTenant(client, tenant);
  const answer = await client.getPlacement({ path: { id } });
  if (session.options.output === 'json' || session.options.output === 'yaml')
    printOne(session, answer, { name: ({ tenantId }) => tenantId, columns: {} });
  else printList(session, answer.bindings, BINDING);
}
