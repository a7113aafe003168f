import type { TenantState } from '@bulkhead/domain';
import type { CellId, PartnerId, SubscriptionId, TenantId } from '@bulkhead/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ schema: 'control', name: 'partners' })
export class PartnerEntity {
  @PrimaryColumn({ type: 'text' }) id!: PartnerId;
  @Column({ type: 'text', name: 'parent_id', nullable: true }) parentId!: PartnerId | null;
  @Column({ type: 'text' }) slug!: string;
  @Column({ type: 'text' }) name!: string;
}

@Entity({ schema: 'control', name: 'tenants' })
export class TenantEntity {
  @PrimaryColumn({ type: 'text' }) id!: TenantId;
  @Column({ type: 'text' }) slug!: string;
  @Column({ type: 'text' }) name!: string;
  @Column({ type: 'text' }) region!: string;
  @Column({ type: 'text' }) environment!: 'production' | 'sandbox';
  @Column({ type: 'text', name: 'partner_id', nullable: true }) partnerId!: PartnerId | null;
  @Column({ type: 'text', name: 'tier_name' }) tierName!: string;
  @Column({ type: 'integer', name: 'tier_version' }) tierVersion!: number;
  @Column({ type: 'text', name: 'plan_name' }) planName!: string;
  @Column({ type: 'integer', name: 'plan_version' }) planVersion!: number;
  /** Number of billed units (providers, clinics). */
  @Column({ type: 'integer' }) quantity!: number;
  @Column({ type: 'text' }) state!: TenantState;
  /** Cell that the tenant probes for the isolation proof; null for everybody else. */
  @Column({ type: 'text', name: 'probe_of', nullable: true }) probeOf!: CellId | null;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
  @Column({ type: 'timestamptz', name: 'activated_at', nullable: true }) activatedAt!: Date | null;
  /** Both are null unless the tenant is suspended. */
  @Column({ type: 'timestamptz', name: 'suspended_at', nullable: true }) suspendedAt!: Date | null;
  @Column({ type: 'text', name: 'suspension_reason', nullable: true }) suspensionReason!: string | null;
  /** Null outside of maintenance. */
  @Column({ type: 'timestamptz', name: 'maintenance_since', nullable: true }) maintenanceSince!: Date | null;
  /** For the tenant's people. */
  @Column({ type: 'text', name: 'maintenance_message', nullable: true }) maintenanceMessage!: string | null;
  /** When it is expected to end; it ends when somebody ends it. */
  @Column({ type: 'timestamptz', name: 'maintenance_until', nullable: true }) maintenanceUntil!: Date | null;
}

@Entity({ schema: 'control', name: 'subscriptions' })
export class SubscriptionEntity {
  @PrimaryColumn({ type: 'text' }) id!: SubscriptionId;
  @Column({ type: 'text', name: 'tenant_id' }) tenantId!: TenantId;
  @Column({ type: 'text', name: 'plan_name' }) planName!: string;
  @Column({ type: 'integer', name: 'plan_version' }) planVersion!: number;
  @Column({ type: 'integer' }) quantity!: number;
  @Column({ type: 'text' }) state!: 'trial' | 'active' | 'past_due' | 'suspended' | 'cancelled';
  @Column({ type: 'text', name: 'billing_provider', nullable: true }) billingProvider!: string | null;
  @Column({ type: 'text', name: 'customer_ref', nullable: true }) customerRef!: string | null;
  @Column({ type: 'text', name: 'subscription_ref', nullable: true }) subscriptionRef!: string | null;
  @Column({ type: 'text', name: 'invoice_schedule_ref', nullable: true }) invoiceScheduleRef!: string | null;
  /** First day of the present plan after a change; null while the contract's first plan runs. */
  @Column({ type: 'date', name: 'starts_on', nullable: true }) startsOn!: string | null;
  @Column({ type: 'timestamptz', name: 'created_at', insert: false, update: false }) createdAt!: Date;
}

/** What a tenant may use right now: a module, or a quota with its ceiling. */
@Entity({ schema: 'control', name: 'entitlements' })
export class EntitlementEntity {
  @PrimaryColumn({ type: 'text', name: 'tenant_id' }) tenantId!: TenantId;
  @PrimaryColumn({ type: 'text' }) feature!: string;
  @Column({ type: 'text' }) kind!: 'module' | 'quota';
  /** int8: the driver hands it over as text. Null for modules. */
  @Column({ type: 'bigint', nullable: true }) ceiling!: string | null;
  /** Where it comes from, e.g. `plan:clinic-per-provider@1`. */
  @Column({ type: 'text' }) source!: string;
}

/** Agreed with one tenant, whatever its plan says. */
@Entity({ schema: 'control', name: 'entitlement_overrides' })
export class EntitlementOverrideEntity {
  @PrimaryColumn({ type: 'text', name: 'tenant_id' }) tenantId!: TenantId;
  @PrimaryColumn({ type: 'text' }) feature!: string;
  @Column({ type: 'text' }) kind!: 'module' | 'quota';
  /** Whether a module is granted or withheld; null for a quota. */
  @Column({ type: 'boolean', nullable: true }) granted!: boolean | null;
  /** int8: the driver hands it over as text. Null for modules. */
  @Column({ type: 'bigint', nullable: true }) ceiling!: string | null;
}
