import type { LegalHoldView } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printOne, time, type Shape } from '../output/print.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { findTenant } from './find-tenant.js';
import { onceOnly, type WaitOptions } from './wait.js';

const HOLD: Shape<LegalHoldView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    TENANT: ({ tenantId }) => tenantId,
    MATTER: ({ matter }) => matter,
    REASON: ({ reason }) => reason,
    PLACED: ({ placedAt }) => time(placedAt),
    RELEASED: ({ releasedAt }) => time(releasedAt),
  },
};

interface PlaceOptions extends WaitOptions {
  readonly matter: string;
  readonly reason: string;
}

export function legalHolds(maker: CommandMaker): Command {
  const noun = maker.noun('legal-holds', 'While one is in force, nothing of the tenant is destroyed.');
  noun
    .command('place')
    .description('Keep everything of a tenant from now on.')
    .argument('<tenant>', 'id or slug', reference)
    .requiredOption('--matter <text>', 'what it is for, such as the name of a case')
    .requiredOption('--reason <text>', 'kept in the audit log')
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
    .action(
      maker.does<PlaceOptions>(async (session, { matter, reason, ...options }, tenant = '') => {
        const client = session.client();
        const { id: tenantId } = await findTenant(client, tenant);
        printOne(
          session,
          await client.placeLegalHold({ body: { tenantId, matter, reason }, ...onceOnly(options) }),
          HOLD,
        );
      }),
    );
  noun
    .command('release')
    .description('End a hold; others of the same tenant stay in force.')
    .argument('<hold>', 'id', reference)
    .requiredOption('--reason <text>', 'kept in the audit log')
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
    .action(
      maker.does<PlaceOptions>(async (session, { reason, ...options }, id = '') => {
        const body = { reason };
        printOne(session, await session.client().releaseLegalHold({ path: { id }, body, ...onceOnly(options) }), HOLD);
      }),
    );
  withPaging(noun.command('list'))
    .description('List holds, newest first.')
    .option('--in-force', 'only those that are not released')
    .action(
      maker.does<ListOptions & { inForce?: boolean }>(async (session, options) => {
        const client = session.client();
        const filter = options.inForce ? { in_force: 'true' as const } : {};
        await printPages(session, options, HOLD, (page) => client.listLegalHolds({ query: { ...filter, ...page } }));
      }),
    );
  return noun;
}
