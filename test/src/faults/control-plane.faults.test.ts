import { waitFor } from '@bulkhead/kernel';
import { healed, midway, STRUCK_TIERS } from '../support/faults.js';
import { beginOnboarding, layGroundwork, wish, type Accepted } from '../support/onboarding.js';
import { TestStack } from '../support/test-stack.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start({ withProxy: true });
  await layGroundwork(stack.api);
});
afterAll(() => stack.remove());
afterEach(() => stack.proxy.heal());

describe.each(STRUCK_TIERS)('onboarding a %s tenant', (tier) => {
  it('survives kill -9 of the API after its answer and before the workflow starts', async () => {
    const { api, parts } = stack;
    // The relay that starts workflows lives in the worker.
    await parts.worker.kill();
    const { operation } = await beginOnboarding(api, tier, `${tier}-api-answered`);
    await parts.api.kill();
    await Promise.all([parts.api.start(), parts.worker.start()]);
    expect((await healed(stack, operation.id)).state).toBe('succeeded');
  });

  it('survives kill -9 of the API at the moment of its commit: the repeated request finds its tenant', async () => {
    const { api, parts } = stack;
    const slug = `${tier}-api-committed`;
    const request = { body: wish(tier, slug), key: slug };
    await parts.worker.kill();
    const first = api.call('POST', '/v1/tenants', request).catch(() => 'lost' as const);
    const find = async () =>
      (await stack.control<{ id: string }>('select id from control.tenants where slug = $1', [slug]))[0];
    const row = await waitFor('the commit', find, { intervalMs: 1 });
    await parts.api.kill();
    await first;
    await Promise.all([parts.api.start(), parts.worker.start()]);
    const again = await api.call<Accepted>('POST', '/v1/tenants', request);
    expect([again.status, again.body.tenant.id]).toEqual([202, row.id]);
    expect(await stack.control('select id from control.tenants where slug = $1', [slug])).toHaveLength(1);
    await healed(stack, again.body.operation.id);
  });

  it('survives kill -9 and restart of Temporal in the middle of the Pulumi update', async () => {
    const { temporal } = stack.parts;
    const { operationId, goOn } = await midway(stack, tier, `${tier}-temporal`);
    await temporal.kill();
    goOn();
    await temporal.start();
    expect((await healed(stack, operationId)).state).toBe('succeeded');
  });

  it('survives kill -9 and restart of the control database in the middle of the Pulumi update', async () => {
    const { postgres } = stack.parts;
    const { operationId, goOn } = await midway(stack, tier, `${tier}-postgres`);
    await postgres.kill();
    goOn();
    await postgres.start();
    expect((await healed(stack, operationId)).state).toBe('succeeded');
  });
});
