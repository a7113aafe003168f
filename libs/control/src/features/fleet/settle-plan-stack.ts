import type { DedicatedTenantOutputs } from '@bulkhead/domain';
import type { CellId, OperationId, StackId, TenantId } from '@bulkhead/kernel';
import { BulkheadError } from '@bulkhead/kernel';
import {
  BindingEntity,
  CellEntity,
  FleetPlanEntity,
  FleetPlanStackEntity,
  loadTenant,
  refuseIfStackHeld,
  TenantEntity,
  tenantsOfStack,
  UnitOfWork,
} from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { In, type EntityManager } from 'typeorm';
import { Gated } from '../../gate/index.js';
import { planExpired, planStale } from './apply-plan.js';

interface StackOfPlan {
  readonly operationId: OperationId;
  readonly planHash: string;
  readonly stack: string;
}

interface TierOfTenant {
  readonly tenantId: TenantId;
  readonly name: string;
  readonly version: number;
}

const described = ({ operationId, planHash, stack }: StackOfPlan) => ({
  subject: { kind: 'stack', id: stack },
  operationId,
  details: { planHash },
});

@Gated<BeginPlanStack, void>({
  name: 'fleet.begin_stack',
  roles: ['workload'],
  audit: ({ begun }) => described(begun),
})
export class BeginPlanStack extends Command<void> {
  constructor(
    readonly begun: StackOfPlan & {
      /** Of the real state, read while the run holds the stack. */
      readonly stateDigest: string | null;
      /** The tiers that the specification was made from. */
      readonly tiers: readonly TierOfTenant[];
      /** Whether data would be kept for less long than before. */
      readonly forgets: boolean;
    },
  ) {
    super();
  }
}

/**
 * The last word before a stack changes. Afterwards the state may move, so that a repetition by the same operation goes
 * on where it was; any other finds it moved.
 */
@CommandHandler(BeginPlanStack)
export class BeginPlanStackHandler implements ICommandHandler<BeginPlanStack> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ begun }: BeginPlanStack): Promise<void> {
    const { operationId, planHash, stack, stateDigest, tiers, forgets } = begun;
    const { manager } = this.work;
    const known = await manager.findOneBy(FleetPlanStackEntity, { planHash, stack });
    if (known?.operationId === operationId) return;
    const { plan, expiresAt } = await manager.findOneByOrFail(FleetPlanEntity, { hash: planHash });
    if (expiresAt.getTime() <= Date.now()) throw planExpired(expiresAt);
    const planned = plan.stacks.find((one) => one.stack === stack);
    if (stateDigest === null || planned?.stateDigest !== stateDigest) throw planStale(stack);
    await refuseWhileChanging(manager, stack, operationId);
    await refuseOtherTiers(manager, stack, tiers);
    if (forgets) await refuseIfStackHeld(manager, { stack, tenantId: null }, { locked: true });
    const row = { operationId, state: 'begun' as const, appliedAt: null };
    if (known) await manager.update(FleetPlanStackEntity, { planHash, stack }, row);
    else await manager.insert(FleetPlanStackEntity, { planHash, stack, ...row });
  }
}

/** The tenants are locked by now. */
async function refuseOtherTiers(manager: EntityManager, stack: string, tiers: readonly TierOfTenant[]): Promise<void> {
  if (!stack.startsWith('dedicated-tenant.')) return;
  for (const { tenantId, name, version } of tiers) {
    const { tierName, tierVersion } = await loadTenant(manager, tenantId);
    if (tierName !== name || tierVersion !== version) throw planStale(stack);
  }
}

/** A tenant that another operation is changing has to wait its turn, and this stack with it. */
async function refuseWhileChanging(manager: EntityManager, stack: string, operationId: OperationId): Promise<void> {
  if (!stack.startsWith('dedicated-tenant.')) return;
  for (const tenantId of await tenantsOfStack(manager, stack)) {
    await loadTenant(manager, tenantId, { locked: true });
    const [open]: { id: string }[] = await manager.query(
      `select id from control.operations where tenant_id = $1 and finished_at is null and id <> $2`,
      [tenantId, operationId],
    );
    if (open) throw tenantChanging(tenantId, open.id);
  }
}

function tenantChanging(tenantId: TenantId, operation: string): BulkheadError {
  return new BulkheadError({
    code: 'operation_in_progress',
    status: 409,
    retryable: true,
    publicMessage: `Operation ${operation} is changing tenant ${tenantId}.`,
    remediation: 'Wait until it has ended, then apply the rest of the plan.',
  });
}

@Gated<FinishPlanStack, void>({
  name: 'fleet.finish_stack',
  roles: ['workload'],
  audit: ({ finished }) => ({
    ...described(finished),
    details: { planHash: finished.planHash, tiers: finished.tiers.map(({ name, version }) => `${name}@${version}`) },
  }),
})
export class FinishPlanStack extends Command<void> {
  constructor(
    readonly finished: StackOfPlan & {
      readonly outputs: Readonly<Record<string, unknown>>;
      /** The tier that a tenant's stack was made from now. */
      readonly tiers: readonly TierOfTenant[];
    },
  ) {
    super();
  }
}

/**
 * The stack is as the plan wanted it: the tenant is on the version that made it so, and what runs answered is kept. It
 * counts as applied once the planes of its tenants are bound anew too ({@link ClosePlanStack}).
 */
@CommandHandler(FinishPlanStack)
export class FinishPlanStackHandler implements ICommandHandler<FinishPlanStack> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ finished: { operationId, planHash, stack, outputs, tiers } }: FinishPlanStack): Promise<void> {
    const { manager } = this.work;
    for (const { tenantId, name, version } of tiers) {
      const tenant = await loadTenant(manager, tenantId, { locked: true });
      // A change of tier came in between: it decides.
      if (tenant.tierName === name) await manager.update(TenantEntity, { id: tenantId }, { tierVersion: version });
    }
    await keepOutputs(manager, stack, outputs);
    await manager.update(FleetPlanStackEntity, { planHash, stack, operationId }, { state: 'made' });
  }
}

@Gated<ClosePlanStack, void>({
  name: 'fleet.close_stack',
  roles: ['workload'],
  audit: ({ closed }) => described(closed),
})
export class ClosePlanStack extends Command<void> {
  constructor(readonly closed: StackOfPlan) {
    super();
  }
}

/** Nothing is left to be done with the stack. */
@CommandHandler(ClosePlanStack)
export class ClosePlanStackHandler implements ICommandHandler<ClosePlanStack> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ closed: { planHash, stack } }: ClosePlanStack): Promise<void> {
    const done = { state: 'applied' as const, appliedAt: new Date() };
    await this.work.manager.update(FleetPlanStackEntity, { planHash, stack, state: 'made' }, done);
  }
}

async function keepOutputs(
  manager: EntityManager,
  stack: string,
  outputs: Readonly<Record<string, unknown>>,
): Promise<void> {
  const [program, id = ''] = stack.split('.', 2);
  if (program === 'cell') await manager.update(CellEntity, { id: id as CellId, state: 'active' }, { outputs: outputs });
  if (program !== 'dedicated-tenant') return;
  const bindings = await manager.findBy(BindingEntity, {
    stackId: id as StackId,
    isolation: 'dedicated',
    state: In(['ready', 'bound']),
  });
  for (const { id: bindingId, layer } of bindings) {
    const own = (outputs as DedicatedTenantOutputs)[layer];
    if (own) await manager.update(BindingEntity, { id: bindingId }, { outputs: own });
  }
}
