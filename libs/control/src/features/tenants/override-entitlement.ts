import { BulkheadError, type TenantId } from '@bulkhead/kernel';
import {
  EntitlementOverrideEntity,
  grantPlan,
  loadTenant,
  PlanModuleEntity,
  PlanQuotaEntity,
  UnitOfWork,
} from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsString, Length, Matches, Max, Min } from 'class-validator';
import type { EntityManager } from 'typeorm';
import { Gated } from '../../gate/index.js';
import { MayBeAbsent } from '../../http/index.js';
import { notFound } from '../../http/not-found.js';

const FEATURE = /^[A-Za-z][\w-]{0,63}$/;

export class OverrideEntitlementBody {
  @ApiProperty({ description: 'A module or quota that some plan has.', example: 'claims' })
  @IsString()
  @Matches(FEATURE, { message: 'feature must be the name of a module or quota' })
  feature!: string;

  @ApiProperty({ enum: ['module', 'quota'] })
  @IsIn(['module', 'quota'])
  kind!: 'module' | 'quota';

  @ApiPropertyOptional({ description: 'Of a module: whether it is granted or withheld.' })
  @MayBeAbsent()
  @IsBoolean()
  granted?: boolean;

  @ApiPropertyOptional({ type: 'integer', minimum: 0, description: 'Of a quota: its ceiling.' })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  ceiling?: number;

  @ApiProperty({ minLength: 1, maxLength: 500, description: 'Kept in the audit log.', example: 'pilot until summer' })
  @IsString()
  @Length(1, 500)
  @Matches(/^[^\p{Cc}]+$/u, { message: 'reason must not hold control characters' })
  reason!: string;
}

@Gated<OverrideEntitlement, string[]>({
  name: 'entitlement.override',
  roles: ['platform-admin'],
  audit: ({ request: { tenantId, feature, kind, granted, ceiling, reason } }) => ({
    subject: { kind: 'tenant', id: tenantId },
    tenantId,
    details: {
      feature,
      kind,
      ...(granted !== undefined && { granted }),
      ...(ceiling !== undefined && { ceiling }),
      reason,
    },
  }),
})
export class OverrideEntitlement extends Command<string[]> {
  constructor(readonly request: OverrideEntitlementBody & { readonly tenantId: TenantId }) {
    super();
  }
}

/**
 * Sets what was agreed with one tenant; set again, the later word holds. Services hear of it at once. Answers with the
 * names of all that the tenant is entitled to.
 */
@CommandHandler(OverrideEntitlement)
export class OverrideEntitlementHandler implements ICommandHandler<OverrideEntitlement> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request }: OverrideEntitlement): Promise<string[]> {
    const { manager } = this.work;
    const { tenantId, feature, kind, granted, ceiling } = request;
    if ((kind === 'module') !== (granted !== undefined) || (kind === 'quota') !== (ceiling !== undefined))
      throw unclear();
    await lockTenantInUse(manager, tenantId);
    await requireKnown(manager, kind, feature);
    await manager.delete(EntitlementOverrideEntity, { tenantId, feature });
    const row = {
      tenantId,
      feature,
      kind,
      granted: granted ?? null,
      ceiling: ceiling === undefined ? null : String(ceiling),
    };
    await manager.insert(EntitlementOverrideEntity, row);
    return grantPlan(manager, tenantId);
  }
}

@Gated<RemoveEntitlementOverride, void>({
  name: 'entitlement.remove_override',
  roles: ['platform-admin'],
  audit: ({ request: { tenantId, feature } }) => ({
    subject: { kind: 'tenant', id: tenantId },
    tenantId,
    details: { feature },
  }),
})
export class RemoveEntitlementOverride extends Command<void> {
  constructor(readonly request: { readonly tenantId: TenantId; readonly feature: string }) {
    super();
  }
}

/** From then on the plan alone says. Repeating it is harmless. */
@CommandHandler(RemoveEntitlementOverride)
export class RemoveEntitlementOverrideHandler implements ICommandHandler<RemoveEntitlementOverride> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId, feature } }: RemoveEntitlementOverride): Promise<void> {
    const { manager } = this.work;
    if (!FEATURE.test(feature)) throw notFound('override');
    await lockTenantInUse(manager, tenantId);
    await manager.delete(EntitlementOverrideEntity, { tenantId, feature });
    await grantPlan(manager, tenantId);
  }
}

/** While it is being set up the plan is not granted yet: granting it here would be ahead of its step. */
async function lockTenantInUse(manager: EntityManager, tenantId: TenantId): Promise<void> {
  const tenant = await loadTenant(manager, tenantId, { locked: true });
  if (tenant.activatedAt) return;
  throw new BulkheadError({
    code: 'tenant_not_active',
    status: 409,
    publicMessage: `The tenant is ${tenant.state} and not in use.`,
    remediation: 'Wait until its onboarding has succeeded.',
  });
}

async function requireKnown(manager: EntityManager, kind: 'module' | 'quota', feature: string): Promise<void> {
  const known =
    kind === 'module'
      ? await manager.existsBy(PlanModuleEntity, { module: feature })
      : await manager.existsBy(PlanQuotaEntity, { quota: feature });
  if (!known) throw invalid('/feature', `No plan has a ${kind} of this name.`);
}

function unclear(): BulkheadError {
  return invalid('/kind', 'A module needs granted and no ceiling, a quota a ceiling and not granted.');
}

function invalid(pointer: string, message: string): BulkheadError {
  return new BulkheadError({
    code: 'invalid_override',
    status: 422,
    publicMessage: message,
    remediation: 'GET /v1/plans names the modules and quotas that there are.',
    errors: [{ pointer, message }],
  });
}
