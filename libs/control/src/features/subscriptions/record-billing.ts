import type { OperationId, TenantId } from '@bulkhead/kernel';
import { SubscriptionEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';

export interface BillingReferences {
  readonly provider: string;
  readonly customerRef: string;
  readonly subscriptionRef: string;
  readonly invoiceScheduleRef: string;
}

@Gated<RecordBilling, void>({
  name: 'subscription.record_billing',
  roles: ['workload'],
  audit: ({ billing: { operationId, tenantId, ...references } }) => ({
    subject: { kind: 'tenant', id: tenantId },
    operationId,
    tenantId,
    details: references,
  }),
})
export class RecordBilling extends Command<void> {
  constructor(
    readonly billing: BillingReferences & { readonly operationId: OperationId; readonly tenantId: TenantId },
  ) {
    super();
  }
}

@CommandHandler(RecordBilling)
export class RecordBillingHandler implements ICommandHandler<RecordBilling> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ billing }: RecordBilling): Promise<void> {
    const { tenantId, provider, customerRef, subscriptionRef, invoiceScheduleRef } = billing;
    await this.work.manager.update(
      SubscriptionEntity,
      { tenantId },
      { billingProvider: provider, customerRef, subscriptionRef, invoiceScheduleRef },
    );
  }
}
