import type { RequestSupportBody, SupportGrantView } from '@bulkhead/client';
import { Option, type Command } from 'commander';
import { reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printOne, time, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { printPages, withPaging, type ListOptions } from './list.js';
import { findTenantId } from './find-tenant.js';
import { onceOnly, type WaitOptions } from './wait.js';

const GRANT: Shape<SupportGrantView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    TENANT: ({ tenantId }) => tenantId,
    KIND: ({ kind }) => kind,
    PERSON: ({ person }) => person,
    STATE: ({ state }) => state,
    APPROVALS: ({ approvedBy, approvalsNeeded }) => `${approvedBy.length} of ${approvalsNeeded}`,
    UNTIL: ({ activeUntil }) => time(activeUntil),
    REASON: ({ reason }) => reason,
  },
};

interface RequestOptions extends WaitOptions {
  readonly reason: string;
  readonly minutes: number;
  readonly kind: RequestSupportBody['kind'];
}

export function support(maker: CommandMaker): Command {
  const noun = maker.noun('support', 'Time-boxed access of the vendor’s people to a tenant.');
  noun
    .command('request')
    .description('Ask to be let in: one approval for support, two to break glass.')
    .argument('<tenant>', 'id or slug', reference)
    .requiredOption('--reason <text>', 'kept in the audit log')
    .requiredOption('--minutes <number>', 'how long, from the last approval on', wholeNumber)
    .addOption(new Option('--kind <kind>', 'what for').choices(['support', 'break-glass']).default('support'))
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
    .action(maker.does<RequestOptions>(request));
  for (const [verb, action, summary] of [
    ['approve', 'approveSupportGrant', 'Let somebody in. Nobody lets themselves in.'],
    ['end', 'endSupportGrant', 'End it before its time, and the person’s tokens with it.'],
  ] as const) {
    noun
      .command(verb)
      .description(summary)
      .argument('<grant>', 'id', reference)
      .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
      .action(
        maker.does<WaitOptions>(async (session, options, id = '') => {
          printOne(session, await session.client()[action]({ path: { id }, body: {}, ...onceOnly(options) }), GRANT);
        }),
      );
  }
  withPaging(noun.command('list'))
    .description('List grants, newest first.')
    .action(
      maker.does<ListOptions>(async (session, options) => {
        const client = session.client();
        await printPages(session, options, GRANT, (page) => client.listSupportGrants({ query: page }));
      }),
    );
  return noun;
}

async function request(session: Session, options: RequestOptions, tenant = ''): Promise<void> {
  const client = session.client();
  const tenantId = await findTenantId(client, tenant);
  const { reason, minutes, kind } = options;
  const body = { tenantId, reason, minutes, kind };
  printOne(session, await client.requestSupportGrant({ body, ...onceOnly(options) }), GRANT);
}
