import { calls, healed, STRUCK_TIERS, undone, type StruckTier } from '../support/faults.js';
import { beginOnboarding, layGroundwork, settled, until, type Operation } from '../support/onboarding.js';
import { TestStack } from '../support/test-stack.js';

/** Seconds that an operation waits for an operator, where nobody comes. */
const DEADLINE = '5';

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start({ withProxy: true });
  await layGroundwork(stack.api);
});
afterAll(() => stack.remove());
afterEach(() => stack.proxy.heal());

/** A call that no onboarding of the tier can do without. */
const NEEDED: Readonly<Record<StruckTier, string>> = {
  pooled: 'KMS.GenerateDataKeyWithoutPlaintext',
  dedicated: 'RDS.CreateDBInstance',
};
const DENIED = { code: 'provider_failed', message: expect.stringContaining('AccessDenied') as string };

/** An onboarding whose step is refused for good. */
async function stuck(tier: StruckTier, slug: string): Promise<Operation> {
  stack.proxy.plant('deny', calls(NEEDED[tier]));
  const { operation } = await beginOnboarding(stack.api, tier, slug);
  return await settled(stack.api, operation.id);
}

describe.each(STRUCK_TIERS)('a %s tenant whose step fails for good', (tier) => {
  beforeAll(() => stack.workWith({ BULKHEAD_STEP_ATTEMPTS: '1' }));

  it('waits for an operator with the reason and the way out, and leaves nothing when it is cancelled', async () => {
    const { api } = stack;
    const operation = await stuck(tier, `${tier}-given-up`);
    expect(operation).toMatchObject({ state: 'needs_attention', error: DENIED });
    expect(operation.steps.filter(({ state }) => state === 'waiting')).toEqual([
      expect.objectContaining({ waitingFor: expect.stringContaining('retry'), error: expect.objectContaining(DENIED) }),
    ]);
    const { data } = await api.get<{ data: Operation[] }>('/v1/operations?state=needs_attention');
    expect(data.map(({ id }) => id)).toEqual([operation.id]);
    await api.post(`/v1/operations/${operation.id}/cancel`, {});
    expect((await undone(stack, operation.id)).state).toBe('cancelled');
  });

  it('goes on where it stood when the cause is mended and the operator retries', async () => {
    const { api, proxy } = stack;
    const operation = await stuck(tier, `${tier}-mended`);
    expect(operation.state).toBe('needs_attention');
    proxy.heal();
    await api.post(`/v1/operations/${operation.id}/retry`, {});
    expect((await healed(stack, operation.id)).state).toBe('succeeded');
  });

  it('asks again when the operator retries and nothing was mended', async () => {
    const { api, proxy } = stack;
    const operation = await stuck(tier, `${tier}-not-mended`);
    await api.post(`/v1/operations/${operation.id}/retry`, {});
    const isAsked = ({ state, steps }: Operation) =>
      state === 'needs_attention' && steps.some(({ state: step }) => step === 'waiting');
    await until(api, operation.id, 'the second request for an operator', isAsked);
    proxy.heal();
    await api.post(`/v1/operations/${operation.id}/cancel`, {});
    expect((await undone(stack, operation.id)).state).toBe('cancelled');
  });
});

describe.each(STRUCK_TIERS)('a %s tenant whose step fails for good and whom nobody helps', (tier) => {
  beforeAll(() => stack.workWith({ BULKHEAD_STEP_ATTEMPTS: '1', BULKHEAD_ATTENTION_DEADLINE: DEADLINE }));

  it('is given up after the deadline: failed with the reason, and nothing is left', async () => {
    const operation = await stuck(tier, `${tier}-forgotten`);
    const ended = await undone(stack, operation.id);
    expect(ended).toMatchObject({ state: 'failed', error: DENIED });
  });
});
