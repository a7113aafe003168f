import { waitFor } from '@bulkhead/kernel';
import { expectUndoneTrail, expectWholeTrail } from './support/audit-trail.js';
import { reaches } from './support/faults.js';
import { expectInventoryEqualsRegistry } from './support/inventory.js';
import { beginOnboarding, layGroundwork, onboard, settled, succeeded, until } from './support/onboarding.js';
import { runProcesses } from './support/pulumi-processes.js';
import { TestStack } from './support/test-stack.js';

// The quick ones of the crash matrix; the others are in *.faults.test.ts.

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start({ withProxy: true });
  await layGroundwork(stack.api);
});
afterAll(() => stack.remove());

it('finishes a dedicated tenant whose worker was killed in the middle of the Pulumi update', async () => {
  const { api, proxy, parts, pulumiHome } = stack;
  const creation = proxy.plant('hold', ({ name }) => name === 'SQS.CreateQueue', 1);
  const { operation } = await beginOnboarding(api, 'dedicated', 'killed-worker');
  await reaches(creation);
  await parts.worker.kill();
  // A Pulumi that nobody watches must not go on.
  await waitFor('the run to end with its worker', () => runProcesses(pulumiHome).length === 0);
  // The provider hears only now that the call was carried out: nobody is left to note it in the state.
  creation.lift();
  await parts.worker.start();
  const done = await succeeded(api, operation.id);
  expect(done.steps.find(({ name }) => name === 'stand_up_dedicated_layers')?.attempt).toBeGreaterThan(1);
  await expectWholeTrail(stack, done);
  await expectInventoryEqualsRegistry(stack);
});

it('takes everything back when it is cancelled in the middle, and gives the slug back', async () => {
  const { api, proxy } = stack;
  const creation = proxy.plant('hold', ({ name }) => name === 'SQS.CreateQueue', 1);
  const { tenant, operation } = await beginOnboarding(api, 'dedicated', 'cancelled');
  await reaches(creation);
  await api.post(`/v1/operations/${operation.id}/cancel`, {});
  await until(api, operation.id, 'the cancellation', ({ state }) => state === 'cancelling');
  creation.lift();
  const ended = await settled(api, operation.id);
  expect(ended.state).toBe('cancelled');
  expect(await api.get(`/v1/tenants/${tenant.id}`)).toMatchObject({ state: 'abandoned' });
  await expectUndoneTrail(stack, ended);
  await expectInventoryEqualsRegistry(stack);
  await onboard(api, 'pooled', 'cancelled', 'cancelled-again');
  await expectInventoryEqualsRegistry(stack);
});

it('asks for an operator when a step keeps failing, says why, and goes on when the cause is mended', async () => {
  const { api, proxy } = stack;
  await stack.workWith({ BULKHEAD_STEP_ATTEMPTS: '1' });
  const denial = proxy.plant('deny', ({ name }) => name === 'SQS.CreateQueue');
  const { operation } = await beginOnboarding(api, 'dedicated', 'denied');
  const stuck = await settled(api, operation.id);
  expect(stuck).toMatchObject({
    state: 'needs_attention',
    error: { code: 'provider_failed', message: expect.stringContaining('AccessDenied') },
  });
  expect(stuck.steps.find(({ name }) => name === 'stand_up_dedicated_layers')).toMatchObject({
    state: 'waiting',
    waitingFor: expect.stringContaining('retry'),
    error: { message: expect.stringContaining('AccessDenied'), remediation: expect.any(String) },
  });
  denial.lift();
  await api.post(`/v1/operations/${operation.id}/retry`, {});
  await expectWholeTrail(stack, await succeeded(api, operation.id));
  await expectInventoryEqualsRegistry(stack);
});
