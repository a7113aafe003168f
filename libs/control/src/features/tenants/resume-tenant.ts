import { nextTenantState } from '@bulkhead/domain';
import type { TenantId } from '@bulkhead/kernel';
import { loadTenant, lockTokens, TenantEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Gated } from '../../gate/index.js';
import { viewTenant, type TenantView } from './tenant-view.js';

@Gated<ResumeTenant, TenantView>({
  name: 'tenant.resume',
  roles: ['platform-admin'],
  audit: ({ request: { tenantId } }) => ({ subject: { kind: 'tenant', id: tenantId }, tenantId }),
})
export class ResumeTenant extends Command<TenantView> {
  constructor(readonly request: { readonly tenantId: TenantId }) {
    super();
  }
}

/** Ends a suspension. Tokens from before it stay revoked. */
@CommandHandler(ResumeTenant)
export class ResumeTenantHandler implements ICommandHandler<ResumeTenant> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId } }: ResumeTenant): Promise<TenantView> {
    const { manager } = this.work;
    await lockTokens(manager, tenantId, 'alone');
    const tenant = await loadTenant(manager, tenantId);
    const state = nextTenantState(tenant.state, 'resume');
    await manager.update(TenantEntity, { id: tenantId }, { state, suspendedAt: null, suspensionReason: null });
    return viewTenant(await loadTenant(manager, tenantId));
  }
}
