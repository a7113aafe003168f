import { writeFileSync } from 'node:fs';
import { newId, waitFor } from '@bulkhead/kernel';
import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import {
  RETRY_SIGNAL,
  ROSTERS_WORKFLOW,
  SETTLE_UPDATE,
  WORKFLOW_QUEUE,
  rostersWorkflowId,
  type Failure,
  type Patience,
} from '../contract.js';
import { FakeWorkers, HYBRID, IMPATIENT, lasting, onboarding, planFor, POOLED, startTestTemporal } from './index.js';
import { HISTORIES } from './histories-folder.js';

/**
 * Records one history for each path that matters. Run it when a workflow changes on purpose, together with the
 * decision how runs that are under way go on (`patched`).
 */
const temporal = await startTestTemporal();
const workers = await FakeWorkers.start(temporal);
const { workflow } = temporal.client;

async function onboard(patience: Partial<Patience> = {}, layers = HYBRID): Promise<WorkflowHandle> {
  const call = onboarding(layers, patience);
  workers.reset(planFor(call));
  workers.on('describePlacement', () => ({ digest: 'recorded' }));
  return workflow.start('onboardTenant', { taskQueue: WORKFLOW_QUEUE, workflowId: call.operationId, args: [call] });
}

async function stuckOnboarding(patience: Partial<Patience> = {}): Promise<WorkflowHandle> {
  const handle = await onboard(patience);
  workers.on('setUpBilling', () => {
    throw lasting();
  });
  await waitFor('needs_attention', () => workers.reports.includes('needs_attention'));
  return handle;
}

async function mendedOnboarding(): Promise<WorkflowHandle> {
  const handle = await stuckOnboarding();
  workers.on('setUpBilling', () => undefined);
  await handle.signal(RETRY_SIGNAL);
  return handle;
}

async function cancelledOnboarding(): Promise<WorkflowHandle> {
  const handle = await stuckOnboarding();
  await handle.cancel();
  return handle;
}

async function halvedRoster(): Promise<WorkflowHandle> {
  const cellId = newId('cell');
  const rosterId = newId('roster');
  const group = Array.from({ length: 4 }, () => newId('binding'));
  const [, , bad] = group;
  workers.reset(planFor(onboarding(POOLED)));
  workers.on('runRoster', ({ bindingIds }) => {
    if (bad && bindingIds.includes(bad)) throw lasting();
  });
  const settle = (bindingIds: typeof group): Promise<unknown> => {
    const startWorkflowOperation = new WithStartWorkflowOperation(ROSTERS_WORKFLOW, {
      workflowId: rostersWorkflowId(cellId),
      taskQueue: WORKFLOW_QUEUE,
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [{ cellId, patience: IMPATIENT, runsPerHistory: 5 }],
    });
    const request = { rosterId, bindingIds, serviceClass: 'standard' };
    return workflow.executeUpdateWithStart(SETTLE_UPDATE, { startWorkflowOperation, args: [request] });
  };
  const first = settle([newId('binding')]);
  const rest = group.map((bindingId) => settle([bindingId]));
  const handle = workflow.getHandle(rostersWorkflowId(cellId));
  const { runId } = await waitFor('the workflow', () => handle.describe());
  await Promise.allSettled([first, ...rest]);
  await handle.terminate();
  return workflow.getHandle(handle.workflowId, runId);
}

async function platform(type: string, input: object): Promise<WorkflowHandle> {
  workers.reset(planFor(onboarding(POOLED)));
  const operationId = newId('operation');
  return workflow.start(type, {
    taskQueue: WORKFLOW_QUEUE,
    workflowId: operationId,
    args: [{ operationId, input, patience: IMPATIENT }],
  });
}

/** Two groups of stacks, then the sweep. */
async function detectedDrift(): Promise<WorkflowHandle> {
  const handle = await platform('detectDrift', { driftRunId: newId('driftRun'), sweeps: true });
  let left = 2;
  workers.on('compareStacks', () => ({ left: --left }));
  return handle;
}

async function remediedDrift(refused?: Failure): Promise<WorkflowHandle> {
  const handle = await platform('remedyDrift', { changeId: newId('change') });
  workers.on('remedyDrift', () => ({ ...(refused && { refused }) }));
  return handle;
}

async function applyFleetPlan(): Promise<WorkflowHandle> {
  const stacks = ['cell.a', 'dedicated-tenant.b', 'dedicated-tenant.c', 'dedicated-tenant.d'];
  const planHash = `sha256:${'a'.repeat(64)}`;
  const handle = await platform('applyFleetPlan', { planHash, stacks, parallel: 2, canaries: 1 });
  workers.on('applyPlanStack', () => ({ tenantIds: [newId('tenant')] }));
  return handle;
}

const RECORDINGS: Readonly<Record<string, () => Promise<WorkflowHandle>>> = {
  'onboard-hybrid': () => onboard(),
  'onboard-pooled': () => onboard({}, POOLED),
  'onboard-mended': mendedOnboarding,
  'onboard-cancelled': cancelledOnboarding,
  'onboard-expired': () => stuckOnboarding({ attentionMs: 100 }),
  'rosters-halved': halvedRoster,
  'create-cell': () => platform('createCell', { cellId: newId('cell'), spec: {} }),
  'prove-isolation-with-probes': () => platform('proveIsolation', { proofId: newId('isolationProof') }),
  'request-isolation-proof': () => platform('requestIsolationProof', {}),
  'detect-drift': detectedDrift,
  'remedy-drift': () => remediedDrift(),
  'remedy-refused': () => remediedDrift({ code: 'finding_moved', message: 'It moved.', remediation: 'Ask again.' }),
  'request-drift-run': () => platform('requestDriftRun', {}),
  'apply-landing-zone': () => platform('applyLandingZone', { spec: { region: 'us-east-1' } }),
  'apply-fleet-plan': applyFleetPlan,
  'apply-change': () =>
    platform('applyChange', { changeId: newId('change'), tenantId: newId('tenant'), serviceClass: 'standard' }),
};

// All of them, or those that the command line names.
const wanted = process.argv.slice(2);
for (const [name, record] of Object.entries(RECORDINGS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const handle = await record();
  await handle.result().catch(() => undefined);
  // Where it was recorded is nobody's business, and would make each recording differ from the last.
  const text = historyToJSON(await handle.fetchHistory())
    .replaceAll(/"\d+@[^"]*"/g, '"recorder"')
    .replaceAll(/"stackTrace": ?"(?:[^"\\]|\\.)*"/g, '"stackTrace":""');
  const history = { workflowId: handle.workflowId, history: JSON.parse(text) as object };
  writeFileSync(new URL(`${name}.json`, HISTORIES), `${JSON.stringify(history, null, 1)}\n`);
}
await workers.stop();
await temporal.teardown();
