import { CancellationScope } from '@temporalio/workflow';
import type { OperationCall } from '../contract.js';
import { carryOut } from '../operation/carry-out.js';

/** Stands up a cell's shared resources and opens it for tenants. */
export async function createCell(call: OperationCall<'cell.create'>): Promise<void> {
  const { operationId, input } = call;
  const { cellId, spec } = input;
  await carryOut(call, 'standard', async (run, { control, provisioning }) => {
    run.lastly('activate', () => control.recordCell({ cellId, outputs: null }));
    const outputs = await run.step('stand_up_cell', () => provisioning.standUpCell({ operationId, spec }), {
      compensate: () => provisioning.discardCell({ operationId, spec }),
    });
    await run.step('activate', () => CancellationScope.nonCancellable(() => control.recordCell({ cellId, outputs })));
    run.handedOver();
  });
}
