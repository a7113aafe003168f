import { physicalNames } from '@bulkhead/domain';
import { newId, waitFor } from '@bulkhead/kernel';
import type { ProgramEvent } from './session/messages.js';
import type { PassingRequest } from './testing/aws-proxy.js';
import { CrashStage, type DedicatedRequest } from './testing/crash-stage.js';
import { isAlive, runProcesses, updatingCli } from './testing/processes.js';
import { startWorker } from './testing/worker-process.js';

// kill -9 in the middle of an update of real engines, then the same run again: each resource once, none left over.

let stage: CrashStage;
beforeAll(async () => {
  stage = await CrashStage.open();
}, 120_000);
afterAll(() => stage.close());

const creating = (name: string) => (event: ProgramEvent) =>
  event.operation === 'create' && event.state === 'started' && event.name === name;

/** The call that makes a queue whose name ends so. */
const makesQueue = (end: string) => (call: PassingRequest) =>
  call.operation === 'AmazonSQS.CreateQueue' && call.body.includes(`${end}"`);
const deadLetters = ({ spec }: DedicatedRequest) => physicalNames(spec.queue!.bindingId).deadLetterQueue;
const makesKey = ({ operation }: PassingRequest) => operation === 'TrentService.CreateKey';

test('the CLI is killed after AWS obeyed and before anybody heard of it: the resource is adopted', async () => {
  const before = await stage.inventory();
  const request = stage.tenant();
  await stage.crashAfter(request, makesKey);
  expect(await stage.pendingCreates(request)).not.toEqual([]);
  const { changes } = await stage.up(request);
  expect(changes).not.toHaveProperty('replace');
  expect(await stage.pendingCreates(request)).toEqual([]);
  expect(await stage.inventory()).toEqual([...before, ...stage.expectedOf(request)].toSorted());
  expect((await stage.up(request)).changes).toEqual({ same: expect.any(Number) });
  await stage.discard(request);
  expect(await stage.inventory()).toEqual(before);
}, 120_000);

test('the worker is killed: session, CLI and policy pack end with it, and the next worker finishes its run', async () => {
  const before = await stage.inventory();
  const request = stage.tenant();
  const reached = Promise.withResolvers<void>();
  const worker = startWorker(
    stage.cloud.config,
    { request, action: 'up', operationId: newId('operation') },
    (event) => {
      if (creating('queue-queue')(event)) reached.resolve();
    },
  );
  await reached.promise;
  const pids = stage.pids();
  expect(pids.length).toBeGreaterThanOrEqual(3);
  worker.child.kill('SIGKILL');
  await stage.gone(pids);
  await stage.upAfterTakeover(request);
  expect(await stage.inventory()).toEqual([...before, ...stage.expectedOf(request)].toSorted());
  await stage.discard(request);
  expect(await stage.inventory()).toEqual(before);
}, 120_000);

test('the session process is killed: the run fails for a retry, its CLI does not live on', async () => {
  const request = stage.tenant();
  let pids: readonly number[] = [];
  const crashed = stage.automation.run({
    request,
    action: 'up',
    operationId: newId('operation'),
    onEvent(event) {
      if (!creating('key-key')(event)) return;
      pids = stage.pids();
      const session = runProcesses(stage.cloud.config.pulumiHome).find(({ command }) =>
        command.includes('session/main.js'),
      );
      process.kill(session!.pid, 'SIGKILL');
    },
  });
  await expect(crashed).rejects.toMatchObject({ code: 'run_crashed', retryable: true });
  await stage.gone(pids);
  await stage.up(request);
  await stage.discard(request);
}, 120_000);

test('a frozen CLI outlives worker and session: taken over, it can write nothing when it wakes', async () => {
  const before = await stage.inventory();
  const request = stage.tenant();
  const reached = Promise.withResolvers<void>();
  const worker = startWorker(
    stage.cloud.config,
    { request, action: 'up', operationId: newId('operation') },
    (event) => {
      if (creating('storage-bucket')(event)) reached.resolve();
    },
  );
  await reached.promise;
  const cli = await updatingCli(stage.cloud.config.pulumiHome);
  process.kill(cli.pid, 'SIGSTOP');
  worker.child.kill('SIGSTOP');
  process.kill(cli.parent, 'SIGKILL');
  worker.child.kill('SIGKILL');
  await worker.exited;
  expect(isAlive(cli.pid)).toBe(true);
  await stage.upAfterTakeover(request);
  const resources = await stage.automation.stackResources(`dedicated-tenant.${request.spec.stackId}`);
  process.kill(cli.pid, 'SIGCONT');
  // Its language runtime is dead and its login is gone: it can only fail.
  await waitFor('the orphaned CLI to give up', () => !isAlive(cli.pid), { timeoutMs: 90_000 });
  expect(await stage.automation.stackResources(`dedicated-tenant.${request.spec.stackId}`)).toEqual(resources);
  expect((await stage.up(request)).changes).toEqual({ same: expect.any(Number) });
  expect(await stage.inventory()).toEqual([...before, ...stage.expectedOf(request)].toSorted());
  await stage.discard(request);
  expect(await stage.inventory()).toEqual(before);
}, 180_000);

test('a crash whose stack is then discarded leaves nothing, not even what nobody heard of', async () => {
  const before = await stage.inventory();
  const request = stage.tenant();
  await stage.crashAfter(request, makesQueue('-dlq'));
  expect(await stage.inventory()).toContain(`queue ${deadLetters(request)}`);
  await stage.discard(request);
  expect(await stage.inventory()).toEqual(before);
}, 120_000);

test('a cancelled run ends soon, says so, and can be discarded', async () => {
  const before = await stage.inventory();
  const request = stage.tenant();
  const cancel = new AbortController();
  const cancelled = stage.automation.run({
    request,
    action: 'up',
    operationId: newId('operation'),
    signal: cancel.signal,
    onEvent: (event) => void (creating('storage-bucket')(event) && cancel.abort()),
  });
  await expect(cancelled).rejects.toMatchObject({ code: 'run_cancelled', retryable: false });
  expect(stage.pids()).toEqual([]);
  await stage.discard(request);
  expect(await stage.inventory()).toEqual(before);
}, 120_000);

test('a resource that was cut off and is no longer wanted is found and removed', async () => {
  const before = await stage.inventory();
  const request = stage.tenant();
  await stage.crashAfter(request, makesQueue('-dlq'));
  expect(await stage.inventory()).toContain(`queue ${deadLetters(request)}`);
  // The queues are protected while they are wanted; dropping the layer is an operation's answer for their loss.
  const { queue: _, ...layers } = request.spec;
  const smaller = { ...request, spec: { ...layers, discardedBy: newId('operation') } };
  await stage.up(smaller);
  expect(await stage.inventory()).toEqual([...before, ...stage.expectedOf(smaller)].toSorted());
  expect(await stage.pendingCreates(smaller)).toEqual([]);
  await stage.discard(smaller);
  expect(await stage.inventory()).toEqual(before);
}, 120_000);

test('a run whose lease is taken from it is killed at once', async () => {
  const request = stage.tenant();
  const robbed = stage.automation.run({
    request,
    action: 'up',
    operationId: newId('operation'),
    onEvent: (event) => void (creating('storage-bucket')(event) && stage.stealLease(request)),
  });
  await expect(robbed).rejects.toMatchObject({ code: 'lease_lost', retryable: true });
  expect(stage.pids()).toEqual([]);
  await stage.upAfterTakeover(request);
  await stage.discard(request);
}, 120_000);

test('a call executes and its connection breaks, though it may not be repeated: the key is made once', async () => {
  const before = await stage.inventory();
  const request = stage.tenant();
  const lost = stage.cloud.proxy.loseNext('drop', makesKey);
  await stage.up(request).catch(() => stage.up(request));
  await lost;
  expect(await stage.inventory()).toEqual([...before, ...stage.expectedOf(request)].toSorted());
  await stage.discard(request);
  expect(await stage.inventory()).toEqual(before);
}, 120_000);
