import { createHash } from 'node:crypto';
import { CreateQueueCommand, DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import canonicalize from 'canonicalize';
import { expectWholeTrail } from '../support/audit-trail.js';
import { expectInventoryEqualsRegistry } from '../support/inventory.js';
import { beginOnboarding, REGION, succeeded, TIERS, type Operation, type Tier } from '../support/onboarding.js';
import { progressOf, type Progress } from '../support/progress.js';
import type { TestStack } from '../support/test-stack.js';

interface Onboarded {
  readonly tenantId: string;
  readonly operation: Operation;
  readonly progress: Progress;
}

const ISOLATION: Readonly<Record<Tier, Readonly<Record<string, string>>>> = {
  pooled: { database: 'shared', storage: 'shared', key: 'shared', queue: 'shared' },
  'hybrid-storage': { database: 'shared', storage: 'dedicated', key: 'dedicated', queue: 'shared' },
  'hybrid-database': { database: 'dedicated', storage: 'shared', key: 'shared', queue: 'shared' },
  dedicated: { database: 'dedicated', storage: 'dedicated', key: 'dedicated', queue: 'dedicated' },
};

function stepsOf(tier: Tier): string[] {
  const isolations = Object.values(ISOLATION[tier]);
  return [
    'reserve_placement',
    ...(isolations.includes('shared') ? ['register_pooled_layers'] : []),
    ...(isolations.includes('dedicated') ? ['stand_up_dedicated_layers'] : []),
    ...['initialise_keys', 'prepare_database', 'apply_retention', 'set_up_billing', 'grant_entitlements'],
    ...['audit_receipt', 'activate'],
  ];
}

async function onboardAndFollow({ api }: TestStack, tier: Tier): Promise<Onboarded> {
  const { tenant, operation } = await beginOnboarding(api, tier, `first-${tier}`);
  const progress = progressOf(api, operation.id);
  return { tenantId: tenant.id, operation: await succeeded(api, operation.id), progress: await progress };
}

/** One tenant of each tier, onboarded at the same time through the public API. */
export function describeTiers(current: () => TestStack): void {
  describe('onboarding of each tier', () => {
    let onboarded: Readonly<Record<Tier, Onboarded>>;
    beforeAll(async () => {
      const all = TIERS.map(async (tier) => [tier, await onboardAndFollow(current(), tier)] as const);
      onboarded = Object.fromEntries(await Promise.all(all)) as Record<Tier, Onboarded>;
    });

    it.each(TIERS)('shows every step of %s as it happens, until the end', (tier) => {
      const { operation, progress } = onboarded[tier];
      expect(operation.steps.map(({ name, state }) => [name, state])).toEqual(
        stepsOf(tier).map((name) => [name, 'succeeded']),
      );
      expect(progress.end).toBe('succeeded');
      for (const step of stepsOf(tier)) expect([step, progress.states(step).at(-1)]).toEqual([step, 'succeeded']);
      // A quick step may pass between two looks; a run of Pulumi does not.
      const slow = tier === 'pooled' ? 'register_pooled_layers' : 'stand_up_dedicated_layers';
      expect(progress.states(slow)).toEqual(expect.arrayContaining(['running', 'succeeded']));
    });

    it.each(TIERS)('hands out a receipt of %s: where each layer is, with a digest that anybody can compute', (tier) => {
      const { digest, ...receipt } = onboarded[tier].operation.result as { digest: string; bindings: object[] };
      const canonical = canonicalize(receipt) as string;
      expect(createHash('sha256').update(canonical).digest('hex')).toBe(digest);
      expect(receipt).toMatchObject({ tenantId: onboarded[tier].tenantId });
      expect(receipt.bindings).toHaveLength(4);
    });

    it.each(TIERS)('places %s as its tier says, and activates the tenant', async (tier) => {
      const { api } = current();
      const { tenantId } = onboarded[tier];
      expect(await api.get(`/v1/tenants/${tenantId}`)).toMatchObject({ state: 'active', region: REGION });
      const { bindings } = await api.get<{ bindings: { layer: string; isolation: string; state: string }[] }>(
        `/v1/tenants/${tenantId}/placement`,
      );
      expect(Object.fromEntries(bindings.map(({ layer, isolation }) => [layer, isolation]))).toEqual(ISOLATION[tier]);
      expect(new Set(bindings.map(({ state }) => state))).toEqual(new Set(['bound']));
    });

    it.each(TIERS)('entitles %s to what its plan says, and bills it', async (tier) => {
      const { tenantId } = onboarded[tier];
      await expectEntitled(current(), tenantId);
      await expectBilled(current(), tenantId);
    });

    it('leaves an audit leaf for each command of each onboarding', async () => {
      for (const tier of TIERS) await expectWholeTrail(current(), onboarded[tier].operation);
    });

    it('has made exactly what the control database says, and nothing besides', async () => {
      await expectInventoryEqualsRegistry(current());
      // The comparison sees what is too much, too.
      const { endpoint, region, root: credentials } = current().engines.aws;
      const sqs = new SQSClient({ endpoint, region, credentials });
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'bh-orphan' }));
      await expect(expectInventoryEqualsRegistry(current())).rejects.toThrow(/bh-orphan/);
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    });
  });
}

interface Plan {
  readonly modules: string[];
  readonly quotas: Readonly<Record<string, number>>;
  readonly price: { readonly model: string; readonly unitAmountMinor: number; readonly platformFeeMinor?: number };
}

async function planOf(stack: TestStack, tenantId: string): Promise<Plan> {
  const [plan] = await stack.control<{ spec: Plan }>(
    `select p.spec from control.plans p join control.tenants t on (t.plan_name, t.plan_version) = (p.name, p.version) where t.id = $1`,
    [tenantId],
  );
  if (!plan) throw new Error(`${tenantId} has no plan`);
  return plan.spec;
}

/** Every tenant here has bought one unit: of what its plan counts, it may use one. */
function boughtQuotas({ quotas, price: { model } }: Plan): Readonly<Record<string, number>> {
  const counted = { 'per-provider': 'providers', 'per-clinic': 'clinics' }[model];
  return counted === undefined ? quotas : { ...quotas, [counted]: 1 };
}

async function expectEntitled(stack: TestStack, tenantId: string): Promise<void> {
  const plan = await planOf(stack, tenantId);
  const { data } = await stack.api.get<{ data: { feature: string; kind: string; ceiling: number | null }[] }>(
    `/v1/tenants/${tenantId}/entitlements`,
  );
  const modules = data.filter(({ kind }) => kind === 'module').map(({ feature }) => feature);
  expect(modules.toSorted()).toEqual(plan.modules.toSorted());
  const quotas = data.filter(({ kind }) => kind === 'quota').map(({ feature, ceiling }) => [feature, ceiling]);
  expect(Object.fromEntries(quotas)).toEqual(boughtQuotas(plan));
}

async function expectBilled(stack: TestStack, tenantId: string): Promise<void> {
  const subscription = await stack.api.get<Record<string, string>>(`/v1/tenants/${tenantId}/subscription`);
  expect(subscription).toMatchObject({ state: 'active', billingProvider: 'ledger' });
  const { price } = await planOf(stack, tenantId);
  const invoices = await stack.control<{ amount: number; postings: Record<string, number> | null }>(
    `select i.amount_minor::int as amount, (
        select jsonb_object_agg(p.account, p.amount_minor) from billing.journal_entries e
          join billing.postings p on p.entry_id = e.id where e.invoice_id = i.id) as postings
       from billing.invoices i where i.subscription_id = $1 order by i.period_start`,
    [subscription.subscriptionRef],
  );
  const whole = price.unitAmountMinor + (price.platformFeeMinor ?? 0);
  // A monthly plan begins with the rest of this month; every further period costs the whole price.
  const [first, ...later] = invoices;
  expect(first?.amount).toBeGreaterThan(0);
  expect(first?.amount).toBeLessThanOrEqual(whole);
  expect(later.filter(({ amount, postings }) => amount !== whole || postings !== null)).toEqual([]);
  // The first one is due now: issued and booked on both sides.
  expect(first?.postings).toEqual({ accounts_receivable: first?.amount, deferred_revenue: -(first?.amount ?? 0) });
}
