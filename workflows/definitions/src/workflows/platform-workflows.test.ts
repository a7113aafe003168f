import type { CellOutputs, CellSpec, LandingZoneSpec } from '@bulkhead/domain';
import { newId } from '@bulkhead/kernel';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  RENEW_CONTEXT_KEYS_WORKFLOW,
  REQUEST_PROOF_WORKFLOW,
  WORKFLOW_OF,
  WORKFLOW_QUEUE,
  type OperationCall,
  type OperationKind,
} from '../contract.js';
import {
  FakeWorkers,
  IMPATIENT,
  lasting,
  onboarding,
  passing,
  planFor,
  POOLED,
  startTestTemporal,
} from '../testing/index.js';

let temporal: TestWorkflowEnvironment;
let workers: FakeWorkers;

beforeAll(async () => {
  temporal = await startTestTemporal();
  workers = await FakeWorkers.start(temporal);
});
afterAll(async () => {
  await workers?.stop();
  await temporal?.teardown();
});
const plan = planFor(onboarding(POOLED));
beforeEach(() => workers.reset(plan));

const outputs = plan.shared?.cell as CellOutputs;
const cellId = newId('cell');
const retention = { backupDays: 7, objectVersionDays: 30, logDays: 90 };
const cell: CellSpec = { cellId, region: 'us-east-1', retention, databaseClass: 'db.m7g.large', databaseGb: 100 };
const zone: LandingZoneSpec = { region: 'us-east-1', auditBucket: 'audit', logBucket: 'logs', auditLockDays: 1 };

async function run<K extends OperationKind>(kind: K, input: OperationCall<K>['input']): Promise<unknown> {
  const call = { operationId: newId('operation'), input, patience: { ...IMPATIENT, attentionMs: 50 } };
  return temporal.client.workflow.execute(WORKFLOW_OF[kind], {
    taskQueue: WORKFLOW_QUEUE,
    workflowId: call.operationId,
    args: [call],
  });
}

it('a cell that stands is recorded with its outputs', async () => {
  workers.on('standUpCell', () => outputs);
  await run('cell.create', { cellId, spec: cell });
  expect(workers.order).toEqual(['standUpCell', 'recordCell']);
  expect(workers.named('recordCell')[0]?.argument).toEqual({ cellId, outputs });
  expect(workers.reports).toEqual(['running', 'succeeded']);
});

it('a cell that nobody could mend is taken down and recorded as failed', async () => {
  workers.on('standUpCell', () => {
    throw lasting();
  });
  await expect(run('cell.create', { cellId, spec: cell })).rejects.toMatchObject({
    cause: { type: 'provider_failed' },
  });
  expect(workers.order).toEqual(['standUpCell', 'discardCell', 'recordCell']);
  expect(workers.named('recordCell')[0]?.argument.outputs).toBeNull();
  expect(workers.reports.at(-1)).toBe('failed');
});

it('a landing zone is applied and recorded', async () => {
  await run('landing_zone.apply', { spec: zone });
  expect(workers.named('recordLandingZone')[0]?.argument).toEqual({ region: 'us-east-1', active: true });
});

it('a landing zone that cannot be applied is recorded as failed, and nothing of it is taken down', async () => {
  workers.on('applyLandingZone', () => {
    throw lasting();
  });
  await expect(run('landing_zone.apply', { spec: zone })).rejects.toMatchObject({ cause: { type: 'provider_failed' } });
  expect(workers.order).toEqual(['applyLandingZone', 'recordLandingZone']);
  expect(workers.named('recordLandingZone')[0]?.argument.active).toBe(false);
});

it('a proof gets its tenants, then is carried out, and its receipt is the result', async () => {
  const proofId = newId('isolationProof');
  const receipt = { proofId, verdict: 'findings' as const, digest: 'd', targets: 2, findings: 1 };
  workers.on('proveIsolation', () => receipt);
  expect(await run('isolation.prove', { proofId })).toEqual(receipt);
  expect(workers.order).toEqual(['provideProbes', 'proveIsolation']);
  expect(workers.named('proveIsolation')[0]?.tag?.step).toBe('prove_isolation');
  expect(workers.named('reportOperation').at(-1)?.argument).toMatchObject({ state: 'succeeded', result: receipt });
});

it('a proof that cannot be carried out is recorded as failed', async () => {
  const proofId = newId('isolationProof');
  workers.on('proveIsolation', () => {
    throw lasting();
  });
  await expect(run('isolation.prove', { proofId })).rejects.toMatchObject({ cause: { type: 'provider_failed' } });
  expect(workers.named('recordProofFailed')[0]?.argument).toEqual({ proofId });
});

it('what the schedule starts asks for a proof under its own id', async () => {
  await temporal.client.workflow.execute(REQUEST_PROOF_WORKFLOW, {
    taskQueue: WORKFLOW_QUEUE,
    workflowId: 'isolation-proof-2026-11-22',
    args: [],
  });
  expect(workers.named('requestIsolationProof').map(({ argument }) => argument)).toEqual([
    { key: 'isolation-proof-2026-11-22' },
  ]);
});

it('what the other schedule starts renews context keys, and tries again what may pass', async () => {
  let tries = 0;
  workers.on('renewContextKeys', () => {
    tries += 1;
    if (tries === 1) throw passing();
    return { renewed: 2 };
  });
  const workflow = { taskQueue: WORKFLOW_QUEUE, workflowId: 'context-keys-2026-11-22', args: [] as [] };
  expect(await temporal.client.workflow.execute(RENEW_CONTEXT_KEYS_WORKFLOW, workflow)).toEqual({ renewed: 2 });
  expect(tries).toBe(2);
});
