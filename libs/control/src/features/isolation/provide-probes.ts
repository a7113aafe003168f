import { LAYERS, type PlanTemplate, type TierTemplate } from '@bulkhead/domain';
import { BulkheadError, idHex, newId, type CellId, type TenantId } from '@bulkhead/kernel';
import { CellEntity, newestPublished, SubscriptionEntity, TenantEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Not, type EntityManager } from 'typeorm';
import { Gated, openOperation } from '../../gate/index.js';

/** Which of the two a probe is: it tries, or it is what the other tries to reach. */
const PARTS = ['a', 'b'] as const;

@Gated<ProvideProbes, readonly TenantId[]>({
  name: 'isolation.provide_probes',
  roles: ['workload'],
  audit: ({ request: { cellId } }, onboarded) => ({
    subject: { kind: 'cell', id: cellId },
    ...(onboarded && { details: { tenants: [...onboarded] } }),
  }),
})
export class ProvideProbes extends Command<readonly TenantId[]> {
  constructor(readonly request: { readonly cellId: CellId; readonly requestedBy: string }) {
    super();
  }
}

/**
 * Onboards the tenants of the isolation proof that a cell does not have yet, as customers are onboarded, so that they
 * hold what customers hold; answers with them.
 */
@CommandHandler(ProvideProbes)
export class ProvideProbesHandler implements ICommandHandler<ProvideProbes> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { cellId, requestedBy } }: ProvideProbes): Promise<readonly TenantId[]> {
    const { manager } = this.work;
    // Two proofs at the same time must not onboard four.
    const lock = { mode: 'pessimistic_write' } as const;
    const cell = await manager.findOneOrFail(CellEntity, { where: { id: cellId, state: 'active' }, lock });
    const there = await manager.findBy(TenantEntity, { probeOf: cellId, state: Not('abandoned') });
    const missing = PARTS.filter((part) => there.every(({ slug }) => slug !== slugOf(part, cellId)));
    const onboarded: TenantId[] = [];
    for (const part of missing) onboarded.push(await onboard(manager, cell, part, requestedBy));
    return onboarded;
  }
}

const slugOf = (part: string, cellId: CellId): string => `probe-${part}-${idHex(cellId)}`;

async function onboard(
  manager: EntityManager,
  cell: CellEntity,
  part: (typeof PARTS)[number],
  requestedBy: string,
): Promise<TenantId> {
  const { tier, plan } = await pooledOffer(manager);
  const id = newId('tenant');
  const bought = { planName: plan.name, planVersion: plan.version, quantity: 1 };
  await manager.insert(TenantEntity, {
    id,
    slug: slugOf(part, cell.id),
    name: `Isolation probe ${part.toUpperCase()} of ${cell.name}`,
    region: cell.region,
    environment: 'sandbox',
    partnerId: null,
    tierName: tier.name,
    tierVersion: tier.version,
    ...bought,
    state: 'provisioning',
    activatedAt: null,
    probeOf: cell.id,
  });
  await manager.insert(SubscriptionEntity, { id: newId('subscription'), tenantId: id, ...bought, state: 'trial' });
  const { layers, serviceClass } = tier;
  const input = { tenantId: id, layers, serviceClass };
  await openOperation(manager, { kind: 'tenant.onboard', subjectId: id, tenantId: id, input, requestedBy });
  return id;
}

/** Everything shared, and the plan with most modules: what a tenant has not bought it cannot try. */
async function pooledOffer(manager: EntityManager): Promise<{ tier: TierTemplate; plan: PlanTemplate }> {
  const tiers = await newestPublished(manager, 'tier');
  const plans = await newestPublished(manager, 'plan');
  const offers = tiers
    .filter(({ layers }) => LAYERS.every((layer) => layers[layer] === 'shared'))
    .flatMap((tier) =>
      plans
        .filter((plan) => plan.tiers.includes(tier.name) && tier.requires.planKinds.includes(plan.kind))
        .map((plan) => ({ tier, plan })),
    );
  const [best] = offers.toSorted((one, two) => two.plan.modules.length - one.plan.modules.length);
  if (best) return best;
  throw new BulkheadError({
    code: 'no_pooled_offer',
    status: 409,
    publicMessage: 'No tier that shares every layer is sold, so the isolation proof has no tenants of its own.',
    remediation: 'Publish such a tier and a plan for it; see tenant-templates.',
  });
}
