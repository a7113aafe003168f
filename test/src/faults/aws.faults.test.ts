import { calls, healed, midway, STRUCK_TIERS, suspendFor } from '../support/faults.js';
import { beginOnboarding, layGroundwork } from '../support/onboarding.js';
import { TestStack } from '../support/test-stack.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start({ withProxy: true });
  await layGroundwork(stack.api);
});
afterAll(() => stack.remove());
afterEach(() => stack.proxy.heal());

describe.each(STRUCK_TIERS)('onboarding a %s tenant', (tier) => {
  it('survives an AWS API that answers nothing for 30 seconds', async () => {
    const { operationId, goOn } = await midway(stack, tier, `${tier}-suspended`);
    const suspended = suspendFor(stack.parts.aws, 30_000);
    goOn();
    await suspended;
    expect((await healed(stack, operationId)).state).toBe('succeeded');
  });

  it('survives an orderly restart of the AWS API', async () => {
    const { operationId, goOn } = await midway(stack, tier, `${tier}-restarted`);
    const restarted = stack.parts.aws.restart();
    goOn();
    await restarted;
    expect((await healed(stack, operationId)).state).toBe('succeeded');
  });
});

/** Calls of a dedicated stack that make something. */
const CREATIONS = [
  'KMS.CreateKey',
  'KMS.CreateAlias',
  'SQS.CreateQueue',
  'RDS.CreateDBParameterGroup',
  'RDS.CreateDBInstance',
  'secretsmanager.CreateSecret',
  'IAM.CreateRole',
  'Logs_20140328.CreateLogGroup',
];

it.each(CREATIONS)('adopts what %s has made when its answer is lost', async (creation) => {
  const { api, proxy } = stack;
  const lost = proxy.plant('lose_answer', calls(creation), 1);
  const slug = `lost-${creation.replace(/[._]/g, '-').toLowerCase()}`;
  const { operation } = await beginOnboarding(api, 'dedicated', slug);
  const done = await healed(stack, operation.id);
  expect([done.state, lost.met.length]).toEqual(['succeeded', 1]);
});

it('adopts everything that was made although every answer was lost once', async () => {
  const { api, proxy } = stack;
  const isBucket = ({ name }: { name: string }) => /^S3\.PUT \/bh-[0-9a-f]+\/?$/.test(name);
  const lost = [
    proxy.plant('lose_answer', isBucket, 1),
    ...CREATIONS.map((name) => proxy.plant('lose_answer', calls(name), 1)),
  ];
  const { operation } = await beginOnboarding(api, 'dedicated', 'lost-all');
  await healed(stack, operation.id);
  expect(lost.map(({ met }) => met.length)).toEqual(lost.map(() => 1));
});

it.each(['KMS.CreateKey', 'SQS.CreateQueue'])(
  'adopts what %s has made when its answer never comes',
  async (creation) => {
    const { api, proxy } = stack;
    // No reset connection tells anybody: only a time limit does.
    const silent = proxy.plant('hold_answer', calls(creation), 1);
    const slug = `silent-${creation.replace('.', '-').toLowerCase()}`;
    const { operation } = await beginOnboarding(api, 'dedicated', slug);
    const done = await healed(stack, operation.id);
    expect([done.state, silent.met.length]).toEqual(['succeeded', 1]);
  },
);

it('registers a pooled tenant once although the answer with its data key was lost', async () => {
  const { api, proxy } = stack;
  const lost = proxy.plant('lose_answer', calls('KMS.GenerateDataKeyWithoutPlaintext'), 1);
  const { operation } = await beginOnboarding(api, 'pooled', 'lost-data-key');
  const done = await healed(stack, operation.id);
  expect([done.state, lost.met.length]).toEqual(['succeeded', 1]);
});
