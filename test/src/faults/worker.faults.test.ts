import { waitFor } from '@bulkhead/kernel';
import { healed, midway, STRUCK_TIERS, type StruckTier } from '../support/faults.js';
import { beginOnboarding, begun, layGroundwork } from '../support/onboarding.js';
import { runOf, runProcesses, signalAll, survivors } from '../support/pulumi-processes.js';
import { TestStack } from '../support/test-stack.js';

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start({ withProxy: true });
  await layGroundwork(stack.api);
});
afterAll(() => stack.remove());
afterEach(() => stack.proxy.heal());

/** Calls in the order in which a tier's update makes them, from its beginning to its end. */
const MOMENTS: Readonly<Record<StruckTier, readonly string[]>> = {
  pooled: ['KMS.GenerateDataKeyWithoutPlaintext'],
  dedicated: ['KMS.CreateKey', 'SQS.CreateQueue', 'RDS.CreateDBInstance', 'IAM.PutRolePolicy'],
};
const STACK_OF: Readonly<Record<StruckTier, string>> = { pooled: 'roster.', dedicated: 'dedicated-tenant.' };
const CASES = STRUCK_TIERS.flatMap((tier) => MOMENTS[tier].map((call) => [tier, call] as const));

it.each(CASES)('a %s tenant survives kill -9 of the worker whose run had just called %s', async (tier, at) => {
  const { parts, pulumiHome } = stack;
  const slug = `${tier}-dead-${at.replace('.', '-').toLowerCase()}`;
  const { operationId, goOn } = await midway(stack, tier, slug, { at, how: 'hold_answer' });
  await parts.worker.kill();
  await waitFor('the run to end with its worker', () => runProcesses(pulumiHome).length === 0);
  goOn();
  await parts.worker.start();
  expect((await healed(stack, operationId)).state).toBe('succeeded');
});

describe.each(STRUCK_TIERS)('a %s tenant', (tier) => {
  it('survives kill -9 of the worker before its run has called anything', async () => {
    const { api, parts, pulumiHome } = stack;
    const { operation } = await beginOnboarding(api, tier, `${tier}-dead-at-start`);
    await runOf(pulumiHome, STACK_OF[tier]);
    await parts.worker.kill();
    await parts.worker.start();
    expect((await healed(stack, operation.id)).state).toBe('succeeded');
  });

  it('survives kill -9 of the worker while the CLI of its run lives on unwatched', async () => {
    const { parts, pulumiHome } = stack;
    const { operationId, goOn } = await midway(stack, tier, `${tier}-orphan-runs`);
    const [session, ...rest] = await runOf(pulumiHome, STACK_OF[tier]);
    // A stopped session notices neither the end of the worker nor that of its CLI.
    signalAll(session ? [session] : [], 'SIGSTOP');
    const lease = await heldLease(STACK_OF[tier]);
    await parts.worker.kill();
    expect(survivors(rest)).not.toEqual([]);
    goOn();
    await parts.worker.start();
    await takenOver(lease);
    signalAll(session ? [session] : [], 'SIGCONT');
    expect((await healed(stack, operationId)).state).toBe('succeeded');
  });

  it('survives kill -9 of the worker while its whole run sleeps and wakes up after the takeover', async () => {
    const { parts, pulumiHome } = stack;
    const { operationId, goOn } = await midway(stack, tier, `${tier}-orphan-sleeps`, { how: 'hold_answer' });
    const orphans = await runOf(pulumiHome, STACK_OF[tier]);
    signalAll(orphans, 'SIGSTOP');
    const lease = await heldLease(STACK_OF[tier]);
    await parts.worker.kill();
    goOn();
    await parts.worker.start();
    await takenOver(lease);
    signalAll(orphans, 'SIGCONT');
    await waitFor('the orphans to end', () => survivors(orphans).length === 0, { timeoutMs: 60_000 });
    expect((await healed(stack, operationId)).state).toBe('succeeded');
  });

  it('survives kill -9 of the provider servers in the middle of a call', async () => {
    const { providers } = stack.parts;
    const { operationId, goOn } = await midway(stack, tier, `${tier}-providers`, { how: 'hold_answer' });
    await providers.kill();
    goOn();
    await providers.start();
    expect((await healed(stack, operationId)).state).toBe('succeeded');
  });

  it('survives kill -9 of the worker in the steps after the update', async () => {
    const { api, parts } = stack;
    const { operation } = await beginOnboarding(api, tier, `${tier}-dead-later`);
    await begun(api, operation.id, 'initialise_keys');
    await parts.worker.kill();
    await parts.worker.start();
    expect((await healed(stack, operation.id)).state).toBe('succeeded');
  });
});

/** The lease of the one run that is under way on a stack whose name begins so. */
async function heldLease(prefix: string): Promise<{ stack: string; token: number }> {
  const [lease] = await stack.state<{ stack: string; token: number }>(
    'select stack, token::int from bulkhead_lease.pulumi_leases where state_login is not null and stack like $1',
    [`${prefix}%`],
  );
  if (!lease) throw new Error(`No run holds a stack of ${prefix}`);
  return lease;
}

/** Waits until another run has taken the lease over. */
async function takenOver({ stack: name, token }: { stack: string; token: number }): Promise<void> {
  const isNewer = async () => {
    const sql = 'select 1 from bulkhead_lease.pulumi_leases where stack = $1 and token > $2';
    return (await stack.state(sql, [name, token])).length > 0;
  };
  await waitFor('the takeover of the lease', isNewer, { timeoutMs: 120_000 });
}
