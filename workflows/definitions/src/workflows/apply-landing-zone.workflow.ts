import { CancellationScope } from '@temporalio/workflow';
import type { OperationCall } from '../contract.js';
import { carryOut } from '../operation/carry-out.js';

/**
 * Applies a region's account baseline. It is never taken down: its audit bucket is locked for years, and what stands
 * already is what the next try continues with.
 */
export async function applyLandingZone(call: OperationCall<'landing_zone.apply'>): Promise<void> {
  const { operationId, input } = call;
  const { region } = input.spec;
  await carryOut(call, 'standard', async (run, { control, provisioning }) => {
    run.lastly('activate', () => control.recordLandingZone({ region, active: false }));
    await run.step('apply_landing_zone', () => provisioning.applyLandingZone({ operationId, spec: input.spec }));
    await run.step('activate', () =>
      CancellationScope.nonCancellable(() => control.recordLandingZone({ region, active: true })),
    );
    run.handedOver();
  });
}
