import type { PlanTemplate } from '@bulkhead/domain';
import type { SubscriptionId, TenantId } from '@bulkhead/kernel';
import { loadTenant, PlanEntity, SubscriptionEntity } from '@bulkhead/store';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** What billing needs to know of a tenant: no PHI, and nothing that is not on an invoice. */
export interface BillingFacts {
  readonly tenantId: TenantId;
  readonly subscriptionId: SubscriptionId;
  readonly name: string;
  /** A tenant of the isolation proof, whom nobody bills. */
  readonly isProbe: boolean;
  readonly plan: PlanTemplate;
  readonly quantity: number;
  /** ISO 8601; when the contract was accepted, or the day of the last change. */
  readonly startsAt: string;
  readonly customerRef: string | null;
  readonly subscriptionRef: string | null;
}

@Injectable()
export class SubscriptionReader {
  constructor(private readonly source: DataSource) {}

  async billingFacts(tenantId: TenantId): Promise<BillingFacts> {
    const { manager } = this.source;
    const tenant = await loadTenant(manager, tenantId);
    const subscription = await manager.findOneByOrFail(SubscriptionEntity, { tenantId });
    const plan = await manager.findOneByOrFail(PlanEntity, {
      name: subscription.planName,
      version: subscription.planVersion,
    });
    return {
      tenantId,
      subscriptionId: subscription.id,
      name: tenant.name,
      isProbe: tenant.probeOf !== null,
      plan: plan.spec as PlanTemplate,
      quantity: subscription.quantity,
      startsAt: subscription.startsOn ? `${subscription.startsOn}T00:00:00.000Z` : subscription.createdAt.toISOString(),
      customerRef: subscription.customerRef,
      subscriptionRef: subscription.subscriptionRef,
    };
  }
}
