import { workflowTenant } from '@bulkhead/tenancy/temporal/workflow';
import { continueAsNew, executeChild, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

interface Activities {
  whose(): Promise<string>;
}
const { whose } = proxyActivities<Activities>({ startToCloseTimeout: '10s', retry: { maximumAttempts: 2 } });
const local = proxyLocalActivities<Activities>({ startToCloseTimeout: '10s', retry: { maximumAttempts: 2 } });

/** Everybody that the workflow meets says for whom it works. */
export async function tellWhose(rounds: number): Promise<string[]> {
  if (rounds > 0) return continueAsNew<typeof tellWhose>(rounds - 1);
  const child = await executeChild(tellOne, { args: [] });
  return [workflowTenant() ?? 'nobody', await whose(), await local.whose(), child];
}

export async function tellOne(): Promise<string> {
  return whose();
}
