import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import { loadTenant, lockTokens, revokeTokens, TenantEntity, UnitOfWork } from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsISO8601, IsString, Length, Matches } from 'class-validator';
import { Gated } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/index.js';
import { viewTenant, type TenantView } from './tenant-view.js';

export class SetMaintenanceBody {
  @ApiProperty()
  @IsBoolean()
  enabled!: boolean;

  @ApiPropertyOptional({ minLength: 1, maxLength: 500, description: 'For the tenant’s people; needed to begin.' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'message must not hold control characters' })
  message?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'When it is expected to end; nothing ends by itself.' })
  @MayBeAbsent()
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/T.*(Z|[+-]\d\d:\d\d)$/, { message: 'until must be a time with its offset from UTC' })
  until?: string;
}

@Gated<SetMaintenance, TenantView>({
  name: 'tenant.set_maintenance',
  roles: ['platform-admin'],
  audit: ({ request: { tenantId, enabled, message, until } }) => ({
    subject: { kind: 'tenant', id: tenantId },
    tenantId,
    details: { enabled, ...(message !== undefined && { message }), ...(until !== undefined && { until }) },
  }),
})
export class SetMaintenance extends Command<TenantView> {
  /** `requestedBy` as `principalName` writes it. */
  constructor(readonly request: SetMaintenanceBody & { readonly tenantId: TenantId; readonly requestedBy: string }) {
    super();
  }
}

type Maintenance = Pick<TenantEntity, 'maintenanceSince' | 'maintenanceMessage' | 'maintenanceUntil'>;

/**
 * Begins or ends a tenant's maintenance; while it lasts, beginning again changes what is said about it. As it begins,
 * the tenant's tokens are revoked.
 */
@CommandHandler(SetMaintenance)
export class SetMaintenanceHandler implements ICommandHandler<SetMaintenance> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: SetMaintenance): Promise<TenantView> {
    const { manager } = this.work;
    const { tenantId, requestedBy } = request;
    await lockTokens(manager, tenantId, 'alone');
    const tenant = await loadTenant(manager, tenantId);
    if (tenant.state !== 'active' && tenant.state !== 'suspended') throw notInUse(tenant.state);
    const next = maintenanceOf(request, tenant.maintenanceSince ?? new Date());
    await manager.update(TenantEntity, { id: tenantId }, next);
    if (next.maintenanceSince && !tenant.maintenanceSince)
      await revokeTokens(manager, { tenantId, reason: 'maintenance', revokedBy: requestedBy });
    return viewTenant(await loadTenant(manager, tenantId));
  }
}

function maintenanceOf({ enabled, message, until }: SetMaintenanceBody, since: Date): Maintenance {
  if (!enabled) {
    if (message !== undefined || until !== undefined) throw invalid('/enabled', 'Ending takes no message and no end.');
    return { maintenanceSince: null, maintenanceMessage: null, maintenanceUntil: null };
  }
  if (message === undefined) throw invalid('/message', 'A maintenance needs a message for the tenant’s people.');
  const end = until === undefined ? null : new Date(until);
  if (end && end.getTime() <= Date.now()) throw invalid('/until', 'The expected end must lie in the future.');
  return { maintenanceSince: since, maintenanceMessage: message, maintenanceUntil: end };
}

function invalid(pointer: string, message: string): BulkheadError {
  return new BulkheadError({
    code: 'invalid_maintenance',
    status: 422,
    publicMessage: message,
    remediation: 'To begin, send enabled, a message and perhaps a later end; to end, send enabled alone.',
    errors: [{ pointer, message }],
  });
}

function notInUse(state: string): BulkheadError {
  return new BulkheadError({
    code: 'tenant_not_active',
    status: 409,
    publicMessage: `The tenant is ${state} and not in use.`,
    remediation: 'Only a tenant that is active or suspended can be in maintenance.',
  });
}
