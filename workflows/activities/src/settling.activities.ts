import { RetirePlacement } from '@bulkhead/control';
import {
  ROSTERS_CONTINUING,
  ROSTERS_WORKFLOW,
  rostersWorkflowId,
  SETTLE_UPDATE,
  WORKFLOW_QUEUE,
  type CellRostersInput,
  type SettleRequest,
  type SettlingActivities,
} from '@bulkhead/definitions';
import type { CellId } from '@bulkhead/kernel';
import { cancelled } from '@temporalio/activity';
import { WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { send, type Dependencies } from './dependencies.js';
import { provideProbes } from './isolation/provide-probes.js';

/** Asks the cell's roster workflow, starting it when it does not run yet, and waits for the run that serves the request. */
export function settlingActivities(dependencies: Dependencies): SettlingActivities {
  return {
    settlePooledLayers: ({ cellId, rosterId, bindingIds, serviceClass }) =>
      settle(dependencies, cellId, { rosterId, bindingIds, serviceClass }),
    async retirePooledLayers({ serviceClass, ...tenant }) {
      const { shared } = await send(dependencies, new RetirePlacement(tenant));
      if (!shared) return;
      const bindingIds = shared.bindings.map(({ bindingId }) => bindingId);
      await settle(dependencies, shared.cellId, { rosterId: shared.rosterId, bindingIds, serviceClass });
    },
    provideProbes: ({ operationId }) => provideProbes(dependencies, operationId),
  };
}

async function settle({ temporal, patience }: Dependencies, cellId: CellId, request: SettleRequest): Promise<void> {
  const input: CellRostersInput = { cellId, patience };
  const startWorkflowOperation = new WithStartWorkflowOperation(ROSTERS_WORKFLOW, {
    workflowId: rostersWorkflowId(cellId),
    workflowIdConflictPolicy: 'USE_EXISTING',
    taskQueue: WORKFLOW_QUEUE,
    args: [input],
  });
  const options = { args: [request] as [SettleRequest], startWorkflowOperation };
  const settled = temporal.workflow.executeUpdateWithStart(SETTLE_UPDATE, options).catch(rethrowReason);
  // After a cancellation the run may still go on; what undoes it waits in the same line behind it.
  await Promise.race([settled, cancelled()]);
}

function rethrowReason(error: unknown): never {
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) throw error;
  const { message, type, details } = error.cause;
  const nonRetryable = type !== ROSTERS_CONTINUING;
  throw ApplicationFailure.create({ message, type: type ?? 'internal', nonRetryable, details: details ?? [] });
}
