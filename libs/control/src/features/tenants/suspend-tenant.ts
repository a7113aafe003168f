import { nextTenantState } from '@bulkhead/domain';
import type { TenantId } from '@bulkhead/kernel';
import { loadTenant, lockTokens, revokeTokens, TenantEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';
import { Gated } from '../../gate/index.js';
import { viewTenant, type TenantView } from './tenant-view.js';

export class SuspendTenantBody {
  @ApiProperty({ minLength: 1, maxLength: 500, description: 'Kept in the audit log.', example: 'unpaid since March' })
  @IsString()
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'reason must not hold control characters' })
  reason!: string;
}

@Gated<SuspendTenant, TenantView>({
  name: 'tenant.suspend',
  roles: ['platform-admin'],
  audit: ({ request: { tenantId, reason } }) => ({
    subject: { kind: 'tenant', id: tenantId },
    tenantId,
    details: { reason },
  }),
})
export class SuspendTenant extends Command<TenantView> {
  /** `requestedBy` as `principalName` writes it. */
  constructor(readonly request: SuspendTenantBody & { readonly tenantId: TenantId; readonly requestedBy: string }) {
    super();
  }
}

/** Stops serving the tenant: no new tokens, and those it has are revoked. Its data and its subscription stay. */
@CommandHandler(SuspendTenant)
export class SuspendTenantHandler implements ICommandHandler<SuspendTenant> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId, reason, requestedBy } }: SuspendTenant): Promise<TenantView> {
    const { manager } = this.work;
    await lockTokens(manager, tenantId, 'alone');
    const tenant = await loadTenant(manager, tenantId);
    const state = nextTenantState(tenant.state, 'suspend');
    const change = { state, suspendedAt: new Date(), suspensionReason: reason };
    await manager.update(TenantEntity, { id: tenantId }, change);
    await revokeTokens(manager, { tenantId, reason: 'suspended', revokedBy: requestedBy });
    return viewTenant(await loadTenant(manager, tenantId));
  }
}
