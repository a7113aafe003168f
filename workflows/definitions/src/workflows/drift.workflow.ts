import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { DEFAULT_PATIENCE, type Failure, type OperationCall } from '../contract.js';
import { carryOut } from '../operation/carry-out.js';
import { workersFor } from '../operation/proxies.js';

/** Compares the cloud with what is recorded of it. It changes nothing there, so there is nothing to take back. */
export async function detectDrift(call: OperationCall<'drift.detect'>): Promise<void> {
  const { operationId, input } = call;
  const { driftRunId, sweeps } = input;
  return carryOut(call, 'standard', async (run, { persistent, operator }) => {
    run.lastly('compare_stacks', () => persistent.endDriftRun({ driftRunId, state: 'failed' }));
    let left = Number.POSITIVE_INFINITY;
    while (left > 0)
      ({ left } = await run.step('compare_stacks', () => operator.compareStacks({ operationId, driftRunId })));
    if (sweeps) await run.step('sweep_inventory', () => operator.sweepInventory({ operationId, driftRunId }));
    run.handedOver();
    await persistent.endDriftRun({ driftRunId, state: 'finished' });
  });
}

/**
 * Carries out the remedy that a change request asks for. It is one step: when it has been settled there is nothing to
 * take back, and until then the request goes back to approved, as it was.
 */
export async function remedyDrift(call: OperationCall<'drift.remedy'>): Promise<void> {
  const { operationId, input } = call;
  const remedy = { operationId, changeId: input.changeId };
  return carryOut(call, 'standard', async (run, { control, operator }) => {
    run.lastly('remedy_drift', () => control.releaseRemedy(remedy));
    const { refused } = await run.step('remedy_drift', () => operator.remedyDrift(remedy));
    if (refused) throw refusal(refused);
    run.handedOver();
  });
}

/** No operator could mend it: whoever asked has to ask for something else. */
function refusal({ code: type, message, remediation }: Failure): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details: [{ remediation }] });
}

/** What the schedule starts: it asks the control plane for a run. The run is an operation like any other. */
export async function requestDriftRun(): Promise<void> {
  const { persistent } = workersFor('standard', DEFAULT_PATIENCE);
  await persistent.requestDriftRun({ key: workflowInfo().workflowId });
}
