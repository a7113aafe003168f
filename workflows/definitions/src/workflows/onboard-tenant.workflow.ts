import type { PlacementPlan } from '@bulkhead/domain';
import { CancellationScope } from '@temporalio/workflow';
import type { PlacementReceipt, TenantCall } from '../activity-types.js';
import type { OnboardTenantInput, OperationCall } from '../contract.js';
import { carryOut } from '../operation/carry-out.js';
import type { OperationRun } from '../operation/operation-run.js';
import type { Workers } from '../operation/proxies.js';

/** From an accepted contract to a tenant that may work. Undone, it leaves the tenant's record and nothing else. */
export async function onboardTenant(call: OperationCall<'tenant.onboard'>): Promise<PlacementReceipt> {
  const { operationId, input } = call;
  const tenant: TenantCall = { operationId, tenantId: input.tenantId };
  return carryOut(call, input.serviceClass, async (run, workers) => {
    const { control, provisioning } = workers;
    run.lastly('activate', () => control.abandonTenant(tenant));
    const plan = await run.step('reserve_placement', () => control.reservePlacement(tenant), {
      compensate: () => control.retirePlacement(tenant),
    });
    await standUp(run, workers, tenant, input, plan);
    await run.step('initialise_keys', () => provisioning.initialiseKeys(tenant), {
      compensate: () => provisioning.unbindPlacement(tenant),
    });
    await run.step('prepare_database', () => provisioning.prepareDatabase(tenant), {
      compensate: () => provisioning.unbindPlacement(tenant),
    });
    await run.step('apply_retention', () => provisioning.applyRetention(tenant));
    await run.step('set_up_billing', () => control.setUpBilling(tenant), {
      compensate: () => control.cancelBilling(tenant),
    });
    await run.step('grant_entitlements', () => control.grantEntitlements(tenant));
    const receipt = await run.step('audit_receipt', () => provisioning.describePlacement(tenant));
    // Not cancellable while it is under way: a cancelled try may have opened the tenant all the same, and undoing
    // would then take the ground from under it.
    await run.step('activate', () => CancellationScope.nonCancellable(() => control.activateTenant(tenant)));
    run.handedOver();
    return receipt;
  });
}

async function standUp(
  run: OperationRun,
  { settling, provisioning }: Workers,
  tenant: TenantCall,
  { serviceClass }: OnboardTenantInput,
  { shared, dedicated }: PlacementPlan,
): Promise<void> {
  const branches = [];
  if (shared) {
    const { cellId, rosterId } = shared;
    const bindingIds = shared.bindings.map(({ bindingId }) => bindingId);
    const register = () => settling.settlePooledLayers({ ...tenant, cellId, rosterId, bindingIds, serviceClass });
    const compensate = () => settling.retirePooledLayers({ ...tenant, serviceClass });
    branches.push(() => run.step('register_pooled_layers', register, { compensate }));
  }
  if (dedicated) {
    const standUpLayers = () => provisioning.standUpDedicatedLayers({ ...tenant, spec: dedicated });
    const compensate = () => provisioning.discardDedicatedLayers(tenant);
    branches.push(() => run.step('stand_up_dedicated_layers', standUpLayers, { compensate }));
  }
  await run.together(branches);
}
