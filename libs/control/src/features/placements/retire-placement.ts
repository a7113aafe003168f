import type { PlacementPlan } from '@bulkhead/domain';
import type { BindingId, OperationId, TenantId } from '@bulkhead/kernel';
import { BindingEntity, loadForDestruction, PlacementEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { In } from 'typeorm';
import { Gated } from '../../gate/index.js';
import { planFromRows } from './placement-rows.js';

@Gated<RetirePlacement, PlacementPlan>({
  name: 'placement.retire',
  roles: ['workload'],
  audit: ({ request }, plan) => ({
    subject: { kind: 'tenant', id: request.tenantId },
    ...request,
    details: { bindings: plan?.bindings.map(({ bindingId }) => bindingId) ?? [] },
  }),
})
export class RetirePlacement extends Command<PlacementPlan> {
  constructor(readonly request: { readonly operationId: OperationId; readonly tenantId: TenantId }) {
    super();
  }
}

/** Takes the placement away and says what has to be taken down. Repeated, it names what is still left of it. */
@CommandHandler(RetirePlacement)
export class RetirePlacementHandler implements ICommandHandler<RetirePlacement> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: RetirePlacement): Promise<PlacementPlan> {
    const { manager } = this.work;
    const tenant = await loadForDestruction(manager, request.tenantId);
    await manager.update(
      BindingEntity,
      { tenantId: tenant.id, state: In(['reserved', 'ready', 'bound']) },
      { state: 'retiring' },
    );
    const bindings = await manager.findBy(BindingEntity, { tenantId: tenant.id, state: 'retiring' });
    const plan = await planFromRows(manager, tenant, bindings);
    await manager.delete(PlacementEntity, { tenantId: tenant.id });
    return plan.dedicated ? { ...plan, dedicated: { ...plan.dedicated, discardedBy: request.operationId } } : plan;
  }
}

@Gated<RecordRetired, void>({
  name: 'placement.record_retired',
  roles: ['workload'],
  audit: ({ retired }) => ({
    subject: { kind: 'operation', id: retired.operationId },
    ...retired,
    details: { bindings: [...retired.bindingIds] },
  }),
})
export class RecordRetired extends Command<void> {
  constructor(
    readonly retired: {
      readonly operationId: OperationId;
      readonly tenantId: TenantId;
      readonly bindingIds: readonly BindingId[];
    },
  ) {
    super();
  }
}

@CommandHandler(RecordRetired)
export class RecordRetiredHandler implements ICommandHandler<RecordRetired> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ retired }: RecordRetired): Promise<void> {
    await this.work.manager.update(
      BindingEntity,
      { id: In([...retired.bindingIds]), state: 'retiring' },
      { state: 'retired', retiredAt: new Date() },
    );
  }
}
