import type { EntitlementView, OverrideEntitlementBody } from '@bulkhead/client';
import { Option, type Command } from 'commander';
import { reference, wholeNumber } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printList, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { usageError } from '../usage-error.js';
import { findTenant } from './find-tenant.js';
import { onceOnly, type WaitOptions } from './wait.js';

const ENTITLEMENT: Shape<EntitlementView> = {
  name: ({ feature }) => feature,
  columns: {
    FEATURE: ({ feature }) => feature,
    KIND: ({ kind }) => kind,
    CEILING: ({ ceiling }) => ceiling,
    SOURCE: ({ source }) => source,
  },
};

interface OverrideOptions extends WaitOptions {
  readonly grant?: boolean;
  readonly withhold?: boolean;
  readonly ceiling?: number;
  readonly reason: string;
}

export function entitlements(maker: CommandMaker): Command {
  const noun = maker.noun('entitlements', 'What a tenant may use right now: its plan, and what was decided beside it.');
  noun
    .command('list')
    .description('List what a tenant may use, and why.')
    .argument('<tenant>', 'id or slug', reference)
    .action(maker.does(list));
  noun
    .command('override')
    .description('Decide otherwise than the plan: grant or withhold a module, or set the ceiling of a quota.')
    .argument('<tenant>', 'id or slug', reference)
    .argument('<feature>', 'module or quota that some plan has', reference)
    .addOption(new Option('--grant', 'the module').conflicts(['withhold', 'ceiling']))
    .addOption(new Option('--withhold', 'the module').conflicts('ceiling'))
    .option('--ceiling <number>', 'of the quota', wholeNumber)
    .requiredOption('--reason <text>', 'kept in the audit log')
    .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
    .action(maker.does<OverrideOptions>(override));
  noun
    .command('restore')
    .description('Take a decision back: what the plan says holds again.')
    .argument('<tenant>', 'id or slug', reference)
    .argument('<feature>', 'as `entitlements list` shows it', reference)
    .action(maker.does(restore));
  return noun;
}

async function list(session: Session, _options: unknown, tenant = ''): Promise<void> {
  const client = session.client();
  const { id } = await findTenant(client, tenant);
  printList(session, (await client.listEntitlements({ path: { id } })).data, ENTITLEMENT);
}

async function override(session: Session, options: OverrideOptions, tenant = '', feature = ''): Promise<void> {
  const client = session.client();
  const body: OverrideEntitlementBody = { feature, reason: options.reason, ...decision(options) };
  const { id } = await findTenant(client, tenant);
  printList(
    session,
    (await client.overrideEntitlement({ path: { id }, body, ...onceOnly(options) })).data,
    ENTITLEMENT,
  );
}

function decision({ grant, withhold, ceiling }: OverrideOptions): Omit<OverrideEntitlementBody, 'feature' | 'reason'> {
  if (ceiling !== undefined) return { kind: 'quota', ceiling };
  if (grant || withhold) return { kind: 'module', granted: grant === true };
  throw usageError('no_decision', 'It is not said what to decide.', 'Add --grant, --withhold or --ceiling <number>.');
}

async function restore(session: Session, _options: unknown, tenant = '', feature = ''): Promise<void> {
  const client = session.client();
  const { id } = await findTenant(client, tenant);
  await client.removeEntitlementOverride({ path: { id, feature } });
  printList(session, (await client.listEntitlements({ path: { id } })).data, ENTITLEMENT);
}
