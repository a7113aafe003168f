import { CancellationScope } from '@temporalio/workflow';
import type { ChangeCall, ChangedBilling } from '../activity-types.js';
import type { OperationCall } from '../contract.js';
import { carryOut } from '../operation/carry-out.js';
import { StepExpired } from '../operation/failure.js';

/**
 * Billing first: it is the part that may refuse, and until it has changed nothing else has, so undoing gives the request
 * back as it was. Afterwards there is no way back but another change: what was billed is what is granted.
 */
export async function applyChange(call: OperationCall<'change.apply'>): Promise<ChangedBilling> {
  const { operationId, input } = call;
  const { changeId, tenantId, serviceClass } = input;
  const change: ChangeCall = { operationId, tenantId, changeId };
  return carryOut(call, serviceClass, async (run, { control }) => {
    run.lastly('change_billing', () => control.releaseChange(change));
    // Not cancellable while it is under way: a cancelled try may have changed the subscription all the same.
    const billing = await run.step('change_billing', () =>
      CancellationScope.nonCancellable(() => control.changeBilling(change)),
    );
    run.handedOver();
    await CancellationScope.nonCancellable(() =>
      untilDone(() => run.step('switch_plan', () => control.switchPlan({ ...change, billing }))),
    );
    return billing;
  });
}

/** What follows a step that cannot be undone waits for an operator as long as it takes. */
async function untilDone(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StepExpired)) throw error;
    }
  }
}
