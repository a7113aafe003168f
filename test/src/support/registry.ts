import { createHash } from 'node:crypto';
import { physicalNames, type Isolation, type Layer } from '@bulkhead/domain';
import { idHex, type BindingId, type CellId, type StackId, type TenantId } from '@bulkhead/kernel';
import { REGION } from './onboarding.js';
import type { TestStack } from './test-stack.js';

interface Binding {
  readonly id: BindingId;
  readonly layer: Layer;
  readonly isolation: Isolation;
  readonly cell_id: CellId | null;
  readonly roster_id: string | null;
  readonly stack_id: StackId | null;
  readonly tenant_id: TenantId;
  readonly outputs: { readonly keyArn?: string; readonly queueUrl?: string } | null;
}

/** What the control database says that there is, in the words of the inventories. */
export interface Registry {
  readonly cloud: string[];
  readonly planes: string[];
  readonly stacks: string[];
  /** Stacks that may be there although nothing is in them. */
  readonly emptyStacks: string[];
  /** Rows that should not be there once every operation has ended. */
  readonly unsettled: string[];
}

function key(owner: string, alias: string): string[] {
  return [`key Bulkhead ${owner}`, `key alias ${alias}`];
}

function database(id: BindingId | CellId): string[] {
  const { instance, servingSecret, migratorSecret, consumerSecret } = physicalNames(id);
  // How the local provider names the secret that RDS makes for a master password.
  const hex = createHash('sha256').update(instance).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)];
  return [
    `rds instance ${instance}`,
    `rds parameter group ${instance}`,
    `log group /aws/rds/instance/${instance}/postgresql`,
    `alarm ${instance}-free-storage`,
    `alarm ${instance}-cpu`,
    `secret ${servingSecret}`,
    `secret ${migratorSecret}`,
    `secret ${consumerSecret}`,
    `secret rds!db-${parts.join('-')}`,
  ];
}

function queue(id: BindingId | CellId): string[] {
  const names = physicalNames(id);
  return [`queue ${names.queue}`, `queue ${names.deadLetterQueue}`, `alarm ${names.deadLetterQueue}-not-empty`];
}

function layer(of: Layer, id: BindingId | CellId): string[] {
  if (of === 'database') return database(id);
  if (of === 'storage') return [`bucket ${physicalNames(id).bucket}`];
  return of === 'key' ? key(id, physicalNames(id).keyAlias) : queue(id);
}

function server(id: BindingId | CellId): string[] {
  const { instance, database: name } = physicalNames(id);
  return [`server ${instance}`, `database ${name}`];
}

function locator({ id, layer: of, isolation, outputs }: Binding, home: BindingId | CellId): string | undefined {
  const names = physicalNames(id);
  const shared = isolation === 'shared';
  if (of === 'database') return physicalNames(home).database;
  if (of === 'storage') return shared ? names.prefix : names.bucket;
  if (of === 'key') return shared ? id : outputs?.keyArn;
  return shared ? names.lane : outputs?.queueUrl;
}

/** What the registries of planes hold of one tenant. */
function tenantInPlanes(bindings: readonly Binding[]): string[] {
  const own = bindings.find(({ layer: of }) => of === 'database');
  const home = own?.isolation === 'dedicated' ? own.id : own?.cell_id;
  if (!own || !home) return [];
  return [
    ...(own.isolation === 'dedicated' ? server(own.id) : []),
    `home of ${own.tenant_id} is ${home}, epoch 1`,
    ...bindings.flatMap((binding) => [
      `registration ${binding.id} ${binding.layer} of ${binding.tenant_id} at ${locator(binding, home)}`,
      ...(binding.layer === 'key' ? [`data key ${binding.id} version 1`] : []),
      `${binding.layer} of ${binding.tenant_id} is ${binding.id}`,
    ]),
    ...(own.isolation === 'dedicated' ? bindings.flatMap(toldAtHome) : []),
  ];
}

/** A shared layer of a tenant whose database is its own: registered in the cell, and entered at home too. */
function toldAtHome({ id, layer: of, isolation, tenant_id: tenantId }: Binding): string[] {
  if (isolation === 'dedicated') return [];
  return [`registration ${id} ${of} of ${tenantId} at ${id}`, ...(of === 'key' ? [`data key ${id} version 1`] : [])];
}

const UNSETTLED = `
  select format('operation %s is %s', id, state) as item from control.operations where finished_at is null
  union all select format('binding %s is %s', id, state) from control.bindings where state not in ('bound', 'retired')
  union all select format('tenant %s is %s', id, state) from control.tenants where state = 'provisioning'
  union all select format('outbox message %s waits', id) from control.outbox where delivered_at is null
  union all select format('tenant %s is %s with %s bound layers and %s placements', t.id, t.state, b.n, p.n)
    from control.tenants t,
         lateral (select count(*) as n from control.bindings where tenant_id = t.id and state = 'bound') b,
         lateral (select count(*) as n from control.placements where tenant_id = t.id) p
   where (b.n, p.n) <> (case t.state when 'active' then 4 else 0 end, case t.state when 'active' then 4 else 0 end)
  union all select format('tenant %s is %s with %s open subscriptions', t.id, t.state, s.n)
    from control.tenants t, lateral (
      select count(*) as n from billing.subscriptions s join billing.customers c on c.id = s.customer_id
       where c.tenant_id = t.id and not exists (select from billing.cancellations x where x.subscription_id = s.id)) s
   where s.n <> case when t.state = 'active' and t.probe_of is null then 1 else 0 end
  union all select format('tenant %s is %s with %s entitlements', t.id, t.state, e.n)
    from control.tenants t, lateral (select count(*) as n from control.entitlements where tenant_id = t.id) e
   where (e.n > 0) <> (t.state = 'active')
  union all select format('the ledger is off by %s %s', sum(amount_minor), currency)
    from billing.postings group by currency having sum(amount_minor) <> 0`;

/** Reads the control database. Call it when every operation has ended. */
export async function readRegistry(stack: TestStack): Promise<Registry> {
  const [zones, cells, bindings, rosters, unsettled] = await Promise.all([
    stack.control<{ region: string; audit: string; log: string }>(
      `select region, spec->>'auditBucket' as audit, spec->>'logBucket' as log from control.landing_zones where state = 'active'`,
    ),
    stack.control<{ id: CellId }>(`select id from control.cells where state = 'active'`),
    stack.control<Binding>(`select * from control.bindings where state <> 'retired' order by id`),
    stack.control<{ id: string }>('select id from control.rosters'),
    stack.control<{ item: string }>(UNSETTLED),
  ]);
  const dedicated = bindings.filter(({ isolation }) => isolation === 'dedicated');
  const stacks = new Set(dedicated.map(({ stack_id: id }) => id as StackId));
  const used = new Set(bindings.flatMap(({ roster_id: id }) => id ?? []));
  const byTenant = Map.groupBy(bindings, ({ tenant_id: id }) => id);
  return {
    cloud: [
      ...zones.flatMap(({ region, audit, log }) => [
        ...key(`landing-zone.${region}`, `alias/bulkhead/landing-zone-${region}`),
        ...[`bucket ${audit}`, `bucket ${log}`, `iam policy bulkhead-tenant-boundary-${REGION}`],
      ]),
      ...cells.flatMap(({ id }) => (['database', 'storage', 'key', 'queue'] as const).flatMap((of) => layer(of, id))),
      ...dedicated.flatMap(({ id, layer: of }) => layer(of, id)),
      ...[...cells.map(({ id }) => id), ...stacks].map((id) => `iam role bh-${idHex(id)}`),
    ],
    planes: [...cells.flatMap(({ id }) => server(id)), ...[...byTenant.values()].flatMap(tenantInPlanes)],
    stacks: [
      ...zones.map(({ region }) => `landing-zone.${region}`),
      ...cells.map(({ id }) => `cell.${id}`),
      ...[...used].map((id) => `roster.${id}`),
      ...[...stacks].map((id) => `dedicated-tenant.${id}`),
    ],
    emptyStacks: rosters.filter(({ id }) => !used.has(id)).map(({ id }) => `roster.${id}`),
    unsettled: unsettled.map(({ item }) => item),
  };
}
