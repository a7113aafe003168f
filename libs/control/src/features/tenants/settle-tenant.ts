import { nextSubscriptionState, nextTenantState } from '@bulkhead/domain';
import { BulkheadError, type OperationId, type TenantId } from '@bulkhead/kernel';
import {
  BindingEntity,
  EntitlementEntity,
  loadForDestruction,
  loadTenant,
  SubscriptionEntity,
  TenantEntity,
  UnitOfWork,
} from '@bulkhead/store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { In, type EntityManager } from 'typeorm';
import { Gated } from '../../gate/index.js';

interface TenantOfOperation {
  readonly operationId: OperationId;
  readonly tenantId: TenantId;
}

@Gated<ActivateTenant, void>({
  name: 'tenant.activate',
  roles: ['workload'],
  audit: ({ request }) => ({ subject: { kind: 'tenant', id: request.tenantId }, ...request }),
})
export class ActivateTenant extends Command<void> {
  constructor(readonly request: TenantOfOperation) {
    super();
  }
}

/** Opens the tenant for use; refuses while anything that it was promised is missing. */
@CommandHandler(ActivateTenant)
export class ActivateTenantHandler implements ICommandHandler<ActivateTenant> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId } }: ActivateTenant): Promise<void> {
    const { manager } = this.work;
    const tenant = await loadTenant(manager, tenantId, { locked: true });
    // Also when it has been suspended since: the first answer was lost, and what it did stands.
    if (tenant.activatedAt) return;
    const missing = await whatIsMissing(manager, tenant);
    if (missing.length > 0) throw notReady(missing);
    await manager.update(
      TenantEntity,
      { id: tenantId },
      { state: nextTenantState(tenant.state, 'activate'), activatedAt: new Date() },
    );
    await moveSubscription(manager, tenantId, 'activate');
  }
}

async function whatIsMissing(manager: EntityManager, { id: tenantId, state }: TenantEntity): Promise<string[]> {
  const bound = await manager.countBy(BindingEntity, { tenantId, state: 'bound' });
  const unbound = await manager.countBy(BindingEntity, { tenantId, state: In(['reserved', 'ready', 'retiring']) });
  const subscription = await manager.findOneBy(SubscriptionEntity, { tenantId });
  const entitlements = await manager.countBy(EntitlementEntity, { tenantId });
  return [
    state !== 'provisioning' && `a tenant that is provisioning (it is ${state})`,
    (bound === 0 || unbound > 0) && 'a bound placement',
    !subscription?.subscriptionRef && 'billing',
    entitlements === 0 && 'entitlements',
  ].filter((gap) => gap !== false);
}

function notReady(missing: readonly string[]): BulkheadError {
  return new BulkheadError({
    code: 'tenant_not_ready',
    status: 409,
    publicMessage: `The tenant cannot be activated yet; missing: ${missing.join(', ')}.`,
    remediation: 'Look at the operation’s steps, mend the failed one and retry the operation.',
  });
}

@Gated<AbandonTenant, void>({
  name: 'tenant.abandon',
  roles: ['workload'],
  audit: ({ request }) => ({ subject: { kind: 'tenant', id: request.tenantId }, ...request }),
})
export class AbandonTenant extends Command<void> {
  constructor(readonly request: TenantOfOperation) {
    super();
  }
}

/** Closes an onboarding that did not succeed: the record stays for the audit, the slug is free again. */
@CommandHandler(AbandonTenant)
export class AbandonTenantHandler implements ICommandHandler<AbandonTenant> {
  constructor(private readonly work: UnitOfWork) {}

  async execute({ request: { tenantId } }: AbandonTenant): Promise<void> {
    const { manager } = this.work;
    const tenant = await loadForDestruction(manager, tenantId);
    if (tenant.state === 'abandoned') return;
    await manager.delete(EntitlementEntity, { tenantId });
    await moveSubscription(manager, tenantId, 'cancel');
    await manager.update(TenantEntity, { id: tenantId }, { state: nextTenantState(tenant.state, 'abandon') });
  }
}

/** The tenant is locked by now. */
async function moveSubscription(
  manager: EntityManager,
  tenantId: TenantId,
  event: 'activate' | 'cancel',
): Promise<void> {
  const { state } = await manager.findOneByOrFail(SubscriptionEntity, { tenantId });
  await manager.update(SubscriptionEntity, { tenantId }, { state: nextSubscriptionState(state, event) });
}
