import { ISOLATIONS, LAYERS, REGIONS, TENANT_STATES, type Isolation, type Layer } from '@bulkhead/domain';
import type { BindingState, EntitlementEntity, SubscriptionEntity, TenantEntity } from '@bulkhead/store';
import { ApiProperty } from '@nestjs/swagger';

export class VersionView {
  @ApiProperty({ example: 'pooled' }) name!: string;
  @ApiProperty({ example: 1 }) version!: number;
}

export class SuspensionView {
  @ApiProperty({ format: 'date-time' }) since!: string;
  @ApiProperty() reason!: string;
}

export class MaintenanceView {
  @ApiProperty({ format: 'date-time' }) since!: string;
  @ApiProperty({ description: 'For the tenant’s people.' }) message!: string;
  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it is expected to end. It ends when somebody ends it.',
  })
  until!: string | null;
}

export class TenantView {
  @ApiProperty({ example: 'ten_019bb8f0a1c27d0e8f1a2b3c4d5e6f70' }) id!: string;
  @ApiProperty({ example: 'riverside' }) slug!: string;
  @ApiProperty({ example: 'Riverside Family Clinic' }) name!: string;
  @ApiProperty({ enum: REGIONS }) region!: string;
  @ApiProperty({ enum: ['production', 'sandbox'] }) environment!: string;
  @ApiProperty({ type: String, nullable: true }) partnerId!: string | null;
  @ApiProperty({ type: VersionView }) tier!: VersionView;
  @ApiProperty({ type: VersionView }) plan!: VersionView;
  @ApiProperty({ description: 'Billed units: providers or clinics.' }) quantity!: number;
  @ApiProperty({ enum: TENANT_STATES }) state!: string;
  @ApiProperty({ type: SuspensionView, nullable: true }) suspension!: SuspensionView | null;
  @ApiProperty({ type: MaintenanceView, nullable: true }) maintenance!: MaintenanceView | null;
  @ApiProperty({ format: 'date-time' }) createdAt!: string;
  @ApiProperty({ type: String, format: 'date-time', nullable: true }) activatedAt!: string | null;
}

export function viewTenant(tenant: TenantEntity): TenantView {
  const { id, slug, name, region, environment, partnerId, quantity, state } = tenant;
  return {
    id,
    slug,
    name,
    region,
    environment,
    partnerId,
    tier: { name: tenant.tierName, version: tenant.tierVersion },
    plan: { name: tenant.planName, version: tenant.planVersion },
    quantity,
    state,
    suspension: viewSuspension(tenant),
    maintenance: viewMaintenance(tenant),
    createdAt: tenant.createdAt.toISOString(),
    activatedAt: tenant.activatedAt?.toISOString() ?? null,
  };
}

function viewSuspension({ suspendedAt, suspensionReason }: TenantEntity): SuspensionView | null {
  if (suspendedAt === null || suspensionReason === null) return null;
  return { since: suspendedAt.toISOString(), reason: suspensionReason };
}

function viewMaintenance(tenant: TenantEntity): MaintenanceView | null {
  const { maintenanceSince: since, maintenanceMessage: message, maintenanceUntil: until } = tenant;
  if (since === null || message === null) return null;
  return { since: since.toISOString(), message, until: until?.toISOString() ?? null };
}

export class TenantPage {
  @ApiProperty({ type: [TenantView] }) data!: TenantView[];
  @ApiProperty() hasMore!: boolean;
}

export class BindingView {
  @ApiProperty({ enum: LAYERS }) layer!: Layer;
  @ApiProperty() bindingId!: string;
  @ApiProperty({ enum: ISOLATIONS }) isolation!: Isolation;
  @ApiProperty({ description: 'Grows each time the layer moves.' }) epoch!: number;
  @ApiProperty({ enum: ['reserved', 'ready', 'bound', 'retiring', 'retired'] }) state!: BindingState;
  @ApiProperty({ type: String, nullable: true, description: 'Cell of a shared layer.' }) cellId!: string | null;
  @ApiProperty({
    type: 'object',
    additionalProperties: { oneOf: [{ type: 'string' }, { type: 'number' }] },
    description: 'Names, addresses and ARNs of what serves the layer. Never a secret, only where one is kept.',
  })
  outputs!: Record<string, string | number>;
}

export class PlacementView {
  @ApiProperty() tenantId!: string;
  @ApiProperty({ type: [BindingView] }) bindings!: BindingView[];
}

/** What may be shown of a binding's outputs: by allow-list, so that a new output is hidden until somebody decides. */
const SHOWN_OUTPUTS = new Set([
  'host',
  'port',
  'database',
  'instance',
  'servingSecretArn',
  'bucket',
  'arn',
  'prefix',
  'keyArn',
  'alias',
  'queueUrl',
  'deadLetterQueueUrl',
  'lane',
  'locator',
]);

export function shownOutputs(outputs: object | null): Record<string, string | number> {
  const scalars = Object.entries(outputs ?? {}).filter(
    ([name, value]) => SHOWN_OUTPUTS.has(name) && (typeof value === 'string' || typeof value === 'number'),
  );
  return Object.fromEntries(scalars) as Record<string, string | number>;
}

export class EntitlementView {
  @ApiProperty({ example: 'scheduling' }) feature!: string;
  @ApiProperty({ enum: ['module', 'quota'] }) kind!: string;
  @ApiProperty({ type: Number, nullable: true, description: 'Ceiling of a quota; null for a module.' })
  ceiling!: number | null;
  @ApiProperty({ example: 'plan:clinic-per-provider@1' }) source!: string;
}

export class EntitlementList {
  @ApiProperty({ type: [EntitlementView], description: 'Nothing unless the tenant is active.' })
  data!: EntitlementView[];
}

export function viewEntitlement({ feature, kind, ceiling, source }: EntitlementEntity): EntitlementView {
  return { feature, kind, ceiling: ceiling === null ? null : Number(ceiling), source };
}

export class SubscriptionView {
  @ApiProperty() id!: string;
  @ApiProperty() tenantId!: string;
  @ApiProperty({ type: VersionView }) plan!: VersionView;
  @ApiProperty() quantity!: number;
  @ApiProperty({ enum: ['trial', 'active', 'past_due', 'suspended', 'cancelled'] }) state!: string;
  @ApiProperty({ type: String, nullable: true }) billingProvider!: string | null;
  @ApiProperty({ type: String, nullable: true }) customerRef!: string | null;
  @ApiProperty({ type: String, nullable: true }) subscriptionRef!: string | null;
  @ApiProperty({ type: String, nullable: true }) invoiceScheduleRef!: string | null;
}

export function viewSubscription(subscription: SubscriptionEntity): SubscriptionView {
  const { id, tenantId, quantity, state, billingProvider, customerRef, subscriptionRef, invoiceScheduleRef } =
    subscription;
  const plan = { name: subscription.planName, version: subscription.planVersion };
  return { id, tenantId, plan, quantity, state, billingProvider, customerRef, subscriptionRef, invoiceScheduleRef };
}
