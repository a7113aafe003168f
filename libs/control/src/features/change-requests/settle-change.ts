import { dateOf } from '@bulkhead/domain';
import type { ChangeId, OperationId, TenantId } from '@bulkhead/kernel';
import { grantPlan, OperationEntity, SubscriptionEntity, TenantEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';
import { lockChange, moveChange } from './change-rows.js';
import { quoteOf } from './read-document.js';

export interface ChangeOfOperation {
  readonly operationId: OperationId;
  readonly tenantId: TenantId;
  readonly changeId: ChangeId;
}

export interface SwitchedBilling {
  readonly subscriptionRef: string;
  readonly invoiceScheduleRef: string;
}

@Gated<SwitchPlan, string[]>({
  name: 'change_request.switch_plan',
  roles: ['workload'],
  audit: ({ request: { operationId, tenantId, changeId } }, features) => ({
    subject: { kind: 'change_request', id: changeId },
    ...{ operationId, tenantId },
    details: { features: features ?? [] },
  }),
})
export class SwitchPlan extends Command<string[]> {
  constructor(readonly request: ChangeOfOperation & { readonly billing: SwitchedBilling }) {
    super();
  }
}

/** Plan, tier, quantity, quotas and entitlements, all in one transaction. Answers with the features' names. */
@CommandHandler(SwitchPlan)
export class SwitchPlanHandler implements ICommandHandler<SwitchPlan> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId, changeId, operationId, billing } }: SwitchPlan): Promise<string[]> {
    const { manager } = this.work;
    const change = await lockChange(manager, changeId);
    // The first try's answer was lost; what it did stands.
    if (change.state === 'applied' && change.operationId === operationId) return grantPlan(manager, tenantId);
    const { document } = await quoteOf(manager, change);
    const { tier, plan, quantity } = document.to;
    const bought = { planName: plan.name, planVersion: plan.version, quantity };
    await manager.update(TenantEntity, { id: tenantId }, { tierName: tier.name, tierVersion: tier.version, ...bought });
    const { subscriptionRef, invoiceScheduleRef } = billing;
    const startsOn = document.effectiveOn;
    await manager.update(
      SubscriptionEntity,
      { tenantId },
      { ...bought, startsOn, subscriptionRef, invoiceScheduleRef },
    );
    const features = await grantPlan(manager, tenantId);
    await moveChange(manager, change, 'finish');
    return features;
  }
}

@Gated<ReleaseChange, void>({
  name: 'change_request.release',
  roles: ['workload'],
  audit: ({ request: { operationId, tenantId, changeId } }) => ({
    subject: { kind: 'change_request', id: changeId },
    ...{ operationId, ...(tenantId !== undefined && { tenantId }) },
  }),
})
export class ReleaseChange extends Command<void> {
  constructor(readonly request: Omit<ChangeOfOperation, 'tenantId'> & Partial<Pick<ChangeOfOperation, 'tenantId'>>) {
    super();
  }
}

/** The operation was undone before anything was changed: the request is approved again, and says why it failed. */
@CommandHandler(ReleaseChange)
export class ReleaseChangeHandler implements ICommandHandler<ReleaseChange> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { operationId, changeId } }: ReleaseChange): Promise<void> {
    const { manager } = this.work;
    const change = await lockChange(manager, changeId);
    if (change.state !== 'applying' || change.operationId !== operationId) return;
    const { error } = await manager.findOneByOrFail(OperationEntity, { id: operationId });
    const failure = error ?? {
      code: 'operation_cancelled',
      message: `The operation was cancelled on ${dateOf(new Date())}.`,
      remediation: 'Apply the request again, or cancel it.',
    };
    await moveChange(manager, change, 'fall_back', { failure });
  }
}
