import type { OnboardTenantInput } from '@bulkhead/definitions';
import { startTestTemporal } from '@bulkhead/definitions/testing';
import { newId, type OperationId, type TenantId } from '@bulkhead/kernel';
import { createLogger } from '@bulkhead/runtime';
import { openControlDatabase } from '@bulkhead/store';
import { startTestPostgres, type TestDatabase } from '@bulkhead/store/testing';
import { Client, Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { OutboxRelay } from './outbox-relay.js';

const logger = createLogger({ name: 'test', level: 'silent' });
let temporal: TestWorkflowEnvironment;
let database: TestDatabase;
let source: DataSource;
let superuser: pg.Client;

beforeAll(async () => {
  [temporal, database] = await Promise.all([startTestTemporal(), startTestPostgres()]);
  source = await openControlDatabase(database.workerUrl);
  superuser = new pg.Client({ connectionString: database.superuserUrl });
  await superuser.connect();
});
afterAll(async () => {
  await source?.destroy();
  await superuser?.end();
  await Promise.all([temporal?.teardown(), database?.stop()]);
});
beforeEach(() => superuser.query('truncate control.outbox'));

async function accept(
  serviceClass: OnboardTenantInput['serviceClass'] = 'standard',
): Promise<{ id: OperationId; tenantId: TenantId }> {
  const id = newId('operation');
  const tenantId = newId('tenant');
  const input = { tenantId, layers: {}, serviceClass };
  await superuser.query(
    `with tier as (insert into control.tiers values ('t', 1, 'd', '{}', now()) on conflict do nothing),
          plan as (insert into control.plans values ('p', 1, 'd', '{}', now()) on conflict do nothing)
     insert into control.tenants (id, slug, name, region, environment, tier_name, tier_version, plan_name, plan_version, quantity, state)
     values ($1, $2, 'Clinic', 'us-east-1', 'production', 't', 1, 'p', 1, 1, 'provisioning')`,
    [tenantId, `t-${tenantId.slice(4)}`.slice(0, 60).replaceAll('_', '-')],
  );
  await superuser.query(
    `insert into control.operations (id, kind, tenant_id, subject_id, state, input, requested_by)
     values ($1, 'tenant.onboard', $2, $2, 'queued', $3, 'user:test')`,
    [id, tenantId, input],
  );
  await promise(id, 'start', { kind: 'tenant.onboard', input });
  return { id, tenantId };
}

async function promise(id: OperationId, action: 'start' | 'signal' | 'cancel', message: object = {}): Promise<void> {
  await superuser.query('insert into control.outbox (operation_id, action, message) values ($1, $2, $3)', [
    id,
    action,
    message,
  ]);
}

async function undelivered(): Promise<number> {
  const { rows } = await superuser.query(
    'select count(*)::int as count from control.outbox where delivered_at is null',
  );
  return (rows as [{ count: number }])[0].count;
}

/** Runs of a workflow as the server itself knows them: its visibility index lags behind. */
async function runsOf(id: OperationId): Promise<{ runId: string; first: string }> {
  const { runId, raw } = await temporal.client.workflow.getHandle(id).describe();
  return { runId, first: raw.workflowExecutionInfo?.firstRunId ?? '' };
}

const relay = (client: Client = temporal.client, on = source) => new OutboxRelay(on, client, logger);

/** A client whose every start is followed by `crash`, before the relay can mark the message. */
function dyingAfterStart(crash: () => Promise<unknown>): Client {
  const workflow = new Proxy(temporal.client.workflow, {
    get: (target, name) =>
      name === 'start'
        ? async (...args: Parameters<typeof target.start>) => {
            const handle = await target.start(...args);
            await crash();
            return handle;
          }
        : Reflect.get(target, name),
  });
  return new Proxy(temporal.client, {
    get: (target, name) => (name === 'workflow' ? workflow : Reflect.get(target, name)),
  });
}

it('starts the workflow under the operation’s id, marked with its tenant and its place in the queue', async () => {
  const { id, tenantId } = await accept('premium');
  await relay().deliverBatch();
  const { raw, typedSearchAttributes, type } = await temporal.client.workflow.getHandle(id).describe();
  expect(type).toBe('onboardTenant');
  expect(raw.workflowExecutionInfo?.priority).toMatchObject({ priorityKey: 2, fairnessKey: tenantId });
  expect(typedSearchAttributes.getAll().map(({ value }) => value)).toContain(tenantId);
  expect(await undelivered()).toBe(0);
});

it('a worker that dies between starting and marking leaves one workflow, not two', async () => {
  const { id } = await accept();
  const doomed = await openControlDatabase(database.workerUrl, 2);
  // What kill -9 means to the database: the session is gone, and with it the transaction and its row lock.
  const crash = () =>
    superuser.query(
      `select pg_terminate_backend(pid) from pg_locks l where pid <> pg_backend_pid() and relation = 'control.outbox'::regclass`,
    );
  await expect(relay(dyingAfterStart(crash), doomed).deliverBatch()).rejects.toThrow(/terminat|closed|Connection/i);
  await doomed.destroy();
  const before = await runsOf(id);
  expect(await undelivered()).toBe(1);
  await relay().deliverBatch();
  expect(await undelivered()).toBe(0);
  expect(await runsOf(id)).toEqual(before);
});

it('a start that is repeated after the workflow has ended does not start it again', async () => {
  const { id } = await accept();
  await relay().deliverBatch();
  await temporal.client.workflow.getHandle(id).terminate();
  const before = await runsOf(id);
  await superuser.query('update control.outbox set delivered_at = null');
  await relay().deliverBatch();
  expect(await undelivered()).toBe(0);
  expect(await runsOf(id)).toEqual(before);
});

it('a cancellation never overtakes the start that it cancels', async () => {
  const { id } = await accept();
  await promise(id, 'cancel');
  await relay().deliverBatch();
  expect(await undelivered()).toBe(1);
  await relay().deliverBatch();
  expect(await undelivered()).toBe(0);
  const { events } = await temporal.client.workflow.getHandle(id).fetchHistory();
  expect(events?.some((event) => event.workflowExecutionCancelRequestedEventAttributes)).toBe(true);
});

it('a message to an operation that has ended is delivered to nobody, and not tried for ever', async () => {
  const { id } = await accept();
  await relay().deliverBatch();
  await temporal.client.workflow.getHandle(id).terminate();
  await promise(id, 'signal');
  await relay().deliverBatch();
  expect(await undelivered()).toBe(0);
});

it('while Temporal is away the message waits, with a growing pause; then it is delivered', async () => {
  const { id } = await accept();
  const lazy = Connection.lazy({ address: '127.0.0.1:1' });
  await relay(new Client({ connection: lazy })).deliverBatch();
  await lazy.close();
  const { rows } = await superuser.query(
    'select attempts, last_error, next_attempt_at > now() as later from control.outbox',
  );
  expect(rows).toMatchObject([{ attempts: 1, later: true }]);
  await superuser.query('update control.outbox set next_attempt_at = now()');
  await relay().deliverBatch();
  expect((await runsOf(id)).runId).not.toBe('');
});

it('several relays at once deliver each message', async () => {
  const accepted = [];
  for (let count = 0; count < 30; count += 1) accepted.push(await accept());
  const relays = [relay(), relay(), relay()];
  while ((await undelivered()) > 0) await Promise.all(relays.map((one) => one.deliverBatch()));
  const { rows } = await superuser.query('select sum(attempts)::int as attempts from control.outbox');
  expect(rows).toEqual([{ attempts: accepted.length }]);
});
