import { CommandGate } from '@bulkhead/control';
import { FakeWorkers, lasting, onboarding, planFor, POOLED, startTestTemporal } from '@bulkhead/definitions/testing';
import { STATUS_QUERY, WORKFLOW_QUEUE, type OperationStatus } from '@bulkhead/definitions';
import { waitFor } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import { openControlDatabase } from '@bulkhead/store';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { INestApplicationContext } from '@nestjs/common';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { openCommands } from './commands.js';
import { LostWorkflows } from './lost-workflows.js';

const logger = createLogger({ name: 'test', level: 'silent' });
let temporal: TestWorkflowEnvironment;
let workers: FakeWorkers;
let database: TestDatabase;
let source: DataSource;
let commands: INestApplicationContext;
let superuser: pg.Client;
let lost: LostWorkflows;

beforeAll(async () => {
  [temporal, database] = await Promise.all([startTestTemporal(), startTestPostgres()]);
  workers = await FakeWorkers.start(temporal);
  source = await openControlDatabase(database.workerUrl);
  commands = await openCommands(source, logger);
  superuser = new pg.Client({ connectionString: database.superuserUrl });
  await superuser.connect();
  lost = new LostWorkflows(source, { gate: commands.get(CommandGate), temporal: temporal.client, logger });
});
afterAll(async () => {
  await workers?.stop();
  await commands?.close();
  await source?.destroy();
  await superuser?.end();
  await Promise.all([temporal?.teardown(), database?.stop()]);
});

type Call = ReturnType<typeof onboarding>;

/** An operation whose start was delivered a while ago. */
async function accepted(state: string, call: Call = onboarding(POOLED)): Promise<Call> {
  const { operationId, input } = call;
  await superuser.query(
    `with tier as (insert into control.tiers values ('t', 1, 'd', '{}', now()) on conflict do nothing),
          plan as (insert into control.plans values ('p', 1, 'd', '{}', now()) on conflict do nothing)
     insert into control.tenants (id, slug, name, region, environment, tier_name, tier_version, plan_name, plan_version, quantity, state)
     values ($1, $2, 'Clinic', 'us-east-1', 'production', 't', 1, 'p', 1, 1, 'provisioning')`,
    [input.tenantId, `t-${input.tenantId.slice(4)}`.replaceAll('_', '-').slice(0, 60)],
  );
  await superuser.query(
    `insert into control.operations (id, kind, tenant_id, subject_id, state, input, requested_by)
     values ($1, 'tenant.onboard', $2, $2, $3, '{}', 'user:test')`,
    [operationId, input.tenantId, state],
  );
  await superuser.query(
    `insert into control.outbox (operation_id, action, message, delivered_at)
     values ($1, 'start', '{}', now() - interval '2 minutes')`,
    [operationId],
  );
  return call;
}

/** Its workflow, waiting for an operator at the step of billing. */
async function stuckWorkflow(call: Call) {
  workers.reset(planFor(call));
  workers.on('describePlacement', () => ({ digest: 'd' }));
  workers.on('setUpBilling', () => {
    throw lasting();
  });
  const handle = await temporal.client.workflow.start('onboardTenant', {
    taskQueue: WORKFLOW_QUEUE,
    workflowId: call.operationId,
    args: [call],
  });
  await waitFor(
    'the question',
    async () => (await handle.query<OperationStatus>(STATUS_QUERY)).state === 'needs_attention',
  );
  return handle;
}

const stateOf = async ({ operationId }: Call) =>
  (await superuser.query('select state, error from control.operations where id = $1', [operationId])).rows[0];

beforeEach(async () => {
  await superuser.query('delete from control.outbox');
  await superuser.query('delete from control.operations');
});

it('lets a running workflow and an ended operation alone', async () => {
  const running = await accepted('running');
  const handle = await stuckWorkflow(running);
  const ended = await accepted('running');
  await superuser.query(`update control.operations set state = 'failed', finished_at = now() where id = $1`, [
    ended.operationId,
  ]);
  expect(await lost.recover()).toBe(0);
  await handle.terminate();
});

it('a workflow that was terminated by hand goes on where it stood, and can still be undone', async () => {
  const call = await accepted('running');
  const handle = await stuckWorkflow(call);
  await handle.terminate('by mistake');
  expect(await lost.recover()).toBe(1);
  const resumed = temporal.client.workflow.getHandle(call.operationId);
  await waitFor('the workflow', async () => (await resumed.describe()).status.name === 'RUNNING');
  await resumed.cancel();
  await expect(resumed.result()).rejects.toThrow('Workflow execution cancelled');
  const undone = workers.calls.flatMap(({ tag, activity }) => (tag?.phase === 'undo' ? [activity] : []));
  expect(undone).toEqual(expect.arrayContaining(['cancelBilling', 'retirePooledLayers', 'abandonTenant']));
  expect(workers.named('reservePlacement')).toHaveLength(1);
});

it('a cancellation is not lost with the workflow that should have heard it', async () => {
  const call = await accepted('cancelling');
  const handle = await stuckWorkflow(call);
  await handle.terminate('by mistake');
  expect(await lost.recover()).toBe(1);
  await waitFor('the end', () => workers.reports.at(-1) === 'cancelled');
});

it('a workflow that Temporal has lost without a trace asks for an operator', async () => {
  const call = await accepted('running');
  expect(await lost.recover()).toBe(1);
  expect(await stateOf(call)).toMatchObject({
    state: 'needs_attention',
    error: { code: 'workflow_lost', remediation: expect.stringContaining('Restore') },
  });
});

it('what is kept for a time goes when the time is over, and nothing else', async () => {
  await superuser.query(
    `insert into control.idempotency_keys values ('u', 'old', 'h', '{}', now() - interval '31 days'),
                                                ('u', 'young', 'h', '{}', now() - interval '29 days')`,
  );
  await source.query('select control.prune()');
  const { rows } = await superuser.query('select key from control.idempotency_keys');
  expect(rows).toEqual([{ key: 'young' }]);
  await expect(source.query('delete from control.idempotency_keys')).rejects.toThrow('permission denied');
});
