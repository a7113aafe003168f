import { dateOf, deriveEntitlements, type PlanTemplate } from '@bulkhead/domain';
import { BulkheadError, type OperationId, type TenantId } from '@bulkhead/kernel';
import { EntitlementEntity, loadTenant, PlanEntity, UnitOfWork } from '@bulkhead/store';
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
    const { planName: name, planVersion: version, quantity } = tenant;
    const { spec } = await manager.findOneByOrFail(PlanEntity, { name, version });
    // As they will be once the tenant is active; until then its state keeps everybody out.
    const granted = deriveEntitlements({
      plan: spec as PlanTemplate,
      quantity,
      state: 'active',
      today: dateOf(new Date()),
    });
    const rows = granted.map((entitlement) => ({
      tenantId,
      feature: entitlement.feature,
      kind: entitlement.kind,
      ceiling: entitlement.kind === 'quota' ? String(entitlement.ceiling) : null,
      source: `${entitlement.source}:${name}@${version}`,
    }));
    await manager.delete(EntitlementEntity, { tenantId });
    await manager.insert(EntitlementEntity, rows);
    return rows.map(({ feature }) => feature);
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
