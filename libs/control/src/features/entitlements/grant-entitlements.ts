import { BulkheadError, type OperationId, type TenantId } from '@bulkhead/kernel';
import { grantPlan, loadTenant, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';

@Gated<GrantEntitlements, string[]>({
  name: 'entitlement.grant',
  roles: ['workload'],
  audit: ({ request }, features) => ({
    subject: { kind: 'tenant', id: request.tenantId },
    ...request,
    details: { features: features ?? [] },
  }),
})
export class GrantEntitlements extends Command<string[]> {
  constructor(readonly request: { readonly operationId: OperationId; readonly tenantId: TenantId }) {
    super();
  }
}

/** Gives the tenant what its plan's version holds, no more and no less. Answers with the features' names. */
@CommandHandler(GrantEntitlements)
export class GrantEntitlementsHandler implements ICommandHandler<GrantEntitlements> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId } }: GrantEntitlements): Promise<string[]> {
    const { manager } = this.work;
    const tenant = await loadTenant(manager, tenantId, { locked: true });
    if (tenant.state === 'abandoned') throw abandoned();
    return grantPlan(manager, tenantId);
  }
}

function abandoned(): BulkheadError {
  return new BulkheadError({
    code: 'tenant_abandoned',
    status: 409,
    publicMessage: 'The onboarding of this tenant was given up; it is entitled to nothing.',
    remediation: 'Start a new onboarding.',
  });
}
