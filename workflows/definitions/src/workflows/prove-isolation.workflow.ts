import { patched, workflowInfo } from '@temporalio/workflow';
import type { ProofReceipt } from '../activity-types.js';
import { DEFAULT_PATIENCE, type OperationCall } from '../contract.js';
import { carryOut } from '../operation/carry-out.js';
import { workersFor } from '../operation/proxies.js';

/** Proves that tenants are kept apart, or shows where not. It changes nothing, so there is nothing to take back. */
export async function proveIsolation(call: OperationCall<'isolation.prove'>): Promise<ProofReceipt> {
  const { operationId, input } = call;
  const { proofId } = input;
  return carryOut(call, 'standard', async (run, { control, settling, provisioning }) => {
    run.lastly('prove_isolation', () => control.recordProofFailed({ proofId }));
    // Proofs that were under way when this step came go on without it.
    if (patched('provide-probes')) await run.step('provide_probes', () => settling.provideProbes({ operationId }));
    const receipt = await run.step('prove_isolation', () => provisioning.proveIsolation({ operationId, proofId }));
    run.handedOver();
    return receipt;
  });
}

/** What the schedule starts: it asks the control plane for a proof. The proof is an operation like any other. */
export async function requestIsolationProof(): Promise<void> {
  const { persistent } = workersFor('standard', DEFAULT_PATIENCE);
  await persistent.requestIsolationProof({ key: workflowInfo().workflowId });
}
