import type { BulkheadClient, SubscriptionView, TenantView } from '@bulkhead/client';
import type { Command } from 'commander';
import { reference } from '../arguments.js';
import type { CommandMaker } from '../command.js';
import { printOne, version, type Shape } from '../output/print.js';
import type { Session } from '../session.js';
import { findTenant, TENANT } from './find-tenant.js';
import { onceOnly, type WaitOptions } from './wait.js';

const SUBSCRIPTION: Shape<SubscriptionView> = {
  name: ({ id }) => id,
  columns: {
    ID: ({ id }) => id,
    TENANT: ({ tenantId }) => tenantId,
    PLAN: ({ plan }) => version(plan),
    QUANTITY: ({ quantity }) => quantity,
    STATE: ({ state }) => state,
    BILLING: ({ billingProvider }) => billingProvider,
    CUSTOMER: ({ customerRef }) => customerRef,
    SUBSCRIPTION: ({ subscriptionRef }) => subscriptionRef,
    INVOICES: ({ invoiceScheduleRef }) => invoiceScheduleRef,
  },
};

interface StandingOptions extends WaitOptions {
  readonly reason: string;
  readonly message: string;
  readonly until?: string;
}
type Change = (client: BulkheadClient, id: string, options: StandingOptions) => Promise<TenantView>;

/** Verbs that say whether a tenant may work, and what it has subscribed to. */
export function addStanding(tenants: Command, maker: CommandMaker): void {
  const verb = (name: string, summary: string, change: Change): Command =>
    tenants
      .command(name)
      .description(summary)
      .argument('<tenant>', 'id or slug', reference)
      .option('--idempotency-key <key>', 'makes it safe to run this again: the same key is carried out once')
      .action(
        maker.does<StandingOptions>(async (session, options, tenant = '') => {
          const client = session.client();
          const { id } = await findTenant(client, tenant);
          printOne(session, await change(client, id, options), TENANT);
        }),
      );
  verb('suspend', 'Let nobody of the tenant in; its data stays.', (client, id, { reason, ...options }) =>
    client.suspendTenant({ path: { id }, body: { reason }, ...onceOnly(options) }),
  ).requiredOption('--reason <text>', 'kept in the audit log');
  verb('resume', 'Let the tenant’s people in again.', (client, id, options) =>
    client.resumeTenant({ path: { id }, body: {}, ...onceOnly(options) }),
  );
  verb('begin-maintenance', 'Stop the tenant’s work, with a message to its people.', (client, id, options) => {
    const { message, until } = options;
    const body = { enabled: true, message, ...(until !== undefined && { until }) };
    return client.setTenantMaintenance({ path: { id }, body, ...onceOnly(options) });
  })
    .requiredOption('--message <text>', 'shown to the tenant’s people')
    .option('--until <time>', 'when it is expected to end (2026-11-30T04:00:00Z); nothing ends by itself');
  verb('end-maintenance', 'Let the tenant work again.', (client, id, options) =>
    client.setTenantMaintenance({ path: { id }, body: { enabled: false }, ...onceOnly(options) }),
  );
  tenants
    .command('subscription')
    .description('Show what a tenant has subscribed to, and where it is billed.')
    .argument('<tenant>', 'id or slug', reference)
    .action(maker.does(subscription));
}

async function subscription(session: Session, _options: unknown, tenant = ''): Promise<void> {
  const client = session.client();
  const { id } = await findTenant(client, tenant);
  printOne(session, await client.getSubscription({ path: { id } }), SUBSCRIPTION);
}
