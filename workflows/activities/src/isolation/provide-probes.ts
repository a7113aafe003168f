import { principalName, ProvideProbes, WORKER } from '@bulkhead/control';
import { BulkheadError, waitFor, type OperationId } from '@bulkhead/kernel';
import { cancelled } from '@temporalio/activity';
import { send, type Dependencies } from '../dependencies.js';

/** An onboarding takes seconds; one that waits for an operator must not hold up the proof for ever. */
const LONGEST_WAIT_MS = 5 * 60_000;

/** Gives every cell its two tenants of the proof. A cell that still has none afterwards makes the proof void. */
export async function provideProbes(dependencies: Dependencies, operationId: OperationId): Promise<void> {
  const { isolation, prover, logger } = dependencies;
  if (!prover) return;
  for (const { cellId, probes } of await isolation.probedCells()) {
    if (probes.length === 2) continue;
    try {
      await send(dependencies, new ProvideProbes({ cellId, requestedBy: principalName(WORKER) }));
    } catch (error) {
      if (!(error instanceof BulkheadError) || error.retryable) throw error;
      logger.warn('A cell gets no tenants of the proof.', { operationId, error });
    }
  }
  const onboarded = async () => (await isolation.probedCells()).every(({ onboarding }) => onboarding === 0);
  const waiting = waitFor('the tenants of the proof', onboarded, { timeoutMs: LONGEST_WAIT_MS, intervalMs: 1000 });
  await Promise.race([
    waiting.catch((error: unknown) => logger.warn('The proof goes on.', { operationId, error })),
    cancelled(),
  ]);
}
