import type { PlanTemplate } from '@bulkhead/domain';
import type { OperationId, TenantId } from '@bulkhead/kernel';
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
    const tenant = await loadTenant(manager, tenantId);
    const { planName: name, planVersion: version } = tenant;
    const { spec } = await manager.findOneByOrFail(PlanEntity, { name, version });
    const { modules, quotas } = spec as PlanTemplate;
    const source = `plan:${name}@${version}`;
    const rows = [
      ...modules.map((feature) => ({ tenantId, feature, kind: 'module' as const, ceiling: null, source })),
      ...Object.entries(quotas).map(([feature, ceiling]) => ({ tenantId, feature, kind: 'quota' as const, ceiling: String(ceiling), source })),
    ];
    await manager.delete(EntitlementEntity, { tenantId });
    await manager.insert(EntitlementEntity, rows);
    return rows.map(({ feature }) => feature);
  }
}
