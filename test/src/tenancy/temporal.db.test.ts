import { fileURLToPath } from 'node:url';
import { startTestTemporal } from '@bulkhead/definitions/testing';
import { newId } from '@bulkhead/kernel';
import { currentTenant, runWithTenant } from '@bulkhead/tenancy';
import { tenantActivityInterceptor, tenantClientInterceptor } from '@bulkhead/tenancy/temporal';
import { WorkflowClient } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { tellOne, tellWhose } from './temporal.workflows.js';
import { TenancyStage, type StagedTenant, type TenancyService } from './tenancy-stage.js';

const QUEUE = 'tenants';
let stage: TenancyStage;
let service: TenancyService;
let temporal: TestWorkflowEnvironment;
let worker: Worker;
let running: Promise<void>;
let client: WorkflowClient;
let tenants: StagedTenant[];

beforeAll(async () => {
  [stage, temporal] = await Promise.all([TenancyStage.start(), startTestTemporal()]);
  tenants = [await stage.tenant('shared'), await stage.tenant('shared'), await stage.tenant('dedicated')];
  service = await stage.service();
  const { keys } = service;
  const contextOf = async (tenantId: string) => {
    const found = tenants.find(({ placed }) => placed.tenantId === tenantId);
    if (!found) throw new Error('No such tenant');
    return found.context;
  };
  worker = await Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: QUEUE,
    workflowsPath: fileURLToPath(new URL('./temporal.workflows.js', import.meta.url)),
    interceptors: {
      workflowModules: [fileURLToPath(import.meta.resolve('@bulkhead/tenancy/temporal/workflow'))],
      activity: [tenantActivityInterceptor({ keys, contextFor: contextOf })],
    },
    activities: { whose: async () => currentTenant().tenantId },
  });
  running = worker.run();
  client = new WorkflowClient({
    connection: temporal.connection,
    interceptors: [tenantClientInterceptor({ keys })],
  });
}, 300_000);
afterAll(async () => {
  worker?.shutdown();
  await running;
  await temporal?.teardown();
  await stage?.stop();
});

const options = <T>(args: T) => ({ taskQueue: QUEUE, workflowId: newId('operation'), args });

it('a workflow, its activities, its children and its next runs work for the tenant that started it', async () => {
  const told = await Promise.all(
    tenants.map(({ context }) =>
      runWithTenant(context, () => client.execute<typeof tellWhose>('tellWhose', options([1] as [number]))),
    ),
  );
  expect(told).toEqual(tenants.map(({ placed }) => Array(4).fill(placed.tenantId)));
});

it('nothing in the history is a token or a key, and the seal does not tell what it seals', async () => {
  const { context, placed } = tenants[0] as StagedTenant;
  const started = options([] as []);
  await runWithTenant(context, () => client.execute<typeof tellOne>('tellOne', started));
  const history = JSON.stringify(await client.getHandle(started.workflowId).fetchHistory());
  const header = Buffer.from(JSON.stringify({ tenantId: placed.tenantId }))
    .toString('base64')
    .slice(0, 20);
  expect(history).toContain(header);
  for (const secret of [context.token.reveal(), context.signedContext?.reveal() ?? '']) {
    expect(secret.length).toBeGreaterThan(0);
    expect(history).not.toContain(secret);
    expect(history).not.toContain(Buffer.from(secret).toString('base64').slice(0, -4));
  }
});

it('a workflow is started for nobody by nobody', async () => {
  await expect(client.start('tellOne', options([]))).rejects.toMatchObject({ code: 'no_tenant_context' });
  const bare = new WorkflowClient({ connection: temporal.connection });
  await expect(bare.execute('tellOne', options([]))).rejects.toMatchObject({
    cause: { cause: { type: 'tenant_header_missing' } },
  });
});

it('a header with another tenant’s name does not make an activity work for it', async () => {
  const [a, b] = tenants as [StagedTenant, StagedTenant];
  const seal = await service.keys.encrypt(a.context, 'temporal/header', Buffer.from(a.placed.tenantId));
  for (const forged of [seal.toString('base64'), 'bm8gc2VhbA==']) {
    const forger = new WorkflowClient({
      connection: temporal.connection,
      interceptors: [
        {
          startWithDetails: (input, next) => {
            const header = defaultPayloadConverter.toPayload({ tenantId: b.placed.tenantId, seal: forged });
            return next({ ...input, headers: { 'bulkhead-tenant': header } });
          },
        },
      ],
    });
    await expect(forger.execute('tellOne', options([]))).rejects.toMatchObject({
      cause: { cause: { type: 'tenant_header_forged' } },
    });
  }
});
