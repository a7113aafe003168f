import { programCode, type Previews } from '@bulkhead/automation';
import { appliedDigest, type RecordedState } from '@bulkhead/domain/fleet';
import { newId } from '@bulkhead/kernel';
import type { Bundle, BundledStack } from './bundle.js';
import { runFleet, type FleetRun } from './fleet-run.js';
import { step } from './testing/sample-report.js';

const region = 'us-east-1' as const;
const cell = (): BundledStack => {
  const cellId = newId('cell');
  const retention = { backupDays: 1, objectVersionDays: 1, logDays: 1 };
  const request = {
    program: 'cell' as const,
    spec: { cellId, region, retention, databaseClass: 'db.t4g.micro', databaseGb: 20 },
  };
  return { stack: `cell.${cellId}`, request, tenantIds: [], appliedDigest: null, recordedAt: null, hasState: true };
};
const state: RecordedState = { resources: [{ urn: 'urn:x', type: 't' }], pending: 0 };
const bundleOf = (stacks: readonly BundledStack[]): Bundle => ({
  ...{ createdAt: '', source: '', tiers: [], tenants: [], approved: [], close: async () => undefined },
  stacks: stacks.toSorted((a, b) => (a.stack < b.stack ? -1 : 1)),
  state: async () => state,
});

/** Runs a fleet with an engine that answers as it is told to, and counts. */
async function run(
  stacks: readonly BundledStack[],
  { parallel = 2, plan }: { parallel?: number; plan?: Previews['plan'] } = {},
) {
  const seen = { ran: [] as string[], most: 0, now: 0, ended: [] as string[] };
  const fresh = { steps: [], violations: [], failures: [], durationMs: 1 };
  const previews: Previews = {
    plan: async (request, recorded) => {
      const { cellId } = request.spec as { cellId: string };
      seen.ran.push(`cell.${cellId}`);
      seen.most = Math.max(seen.most, ++seen.now);
      // Later ones answer first.
      for (let turn = 0; turn < 50 - seen.ran.length; turn++) await Promise.resolve();
      seen.now--;
      return plan ? plan(request, recorded) : fresh;
    },
  };
  const wanted: FleetRun = {
    ...{
      bundle: bundleOf(stacks),
      previews,
      tiers: new Map(),
      prices: undefined,
      parallel,
      onlyTenants: [],
    },
    touched: undefined,
    onStack: ({ stack }) => void seen.ended.push(stack),
  };
  const reports = await runFleet(wanted);
  return { ...seen, reports };
}
const digestOf = ({ request }: BundledStack) => appliedDigest(request, programCode());

it('does not run a stack that was made from exactly this specification and this code', async () => {
  const stack = cell();
  const { ran, reports } = await run([{ ...stack, appliedDigest: digestOf(stack) }]);
  expect([ran, reports[0]?.result]).toEqual([[], 'unchanged']);
});

it.each([
  ['whose last run did not end well', (): Partial<BundledStack> => ({ appliedDigest: null })],
  [
    'that was made by other code',
    (stack: BundledStack) => ({ appliedDigest: appliedDigest(stack.request, 'sha256:other') }),
  ],
  ['that was made from another specification', () => ({ appliedDigest: digestOf(cell()) })],
])('runs a stack %s', async (_what, change) => {
  const stack = cell();
  const { ran } = await run([{ ...stack, ...change(stack) }]);
  expect(ran).toEqual([stack.stack]);
});

it('does not compare a stack of which no run has ended with nothing', async () => {
  const { ran, reports } = await run([{ ...cell(), hasState: false }]);
  expect([ran, reports[0]]).toMatchObject([[], { result: 'not-run', reason: expect.stringContaining('no state') }]);
});

it('never has more previews under way than it may, and tells them in the order of their names', async () => {
  const stacks = Array.from({ length: 9 }, cell);
  const { most, ended, reports } = await run(stacks, { parallel: 3 });
  expect(most).toBe(3);
  expect(reports.map(({ stack }) => stack)).toEqual(stacks.map(({ stack }) => stack).toSorted());
  expect(ended.toSorted()).toEqual(stacks.map(({ stack }) => stack).toSorted());
});

it('goes on when one stack fails, and shows what was planned of it', async () => {
  const [good, bad] = [cell(), cell()];
  const plan: Previews['plan'] = async (request) => {
    const failing = bad.stack.endsWith((request.spec as { cellId: string }).cellId);
    return {
      steps: [step()],
      violations: [],
      failures: [],
      durationMs: 1,
      ...(failing && { error: 'The program threw.' }),
    };
  };
  const { reports } = await run([good, bad], { plan });
  const of = (stack: BundledStack) => reports.find((one) => one.stack === stack.stack);
  expect(of(bad)).toMatchObject({ result: 'failed', reason: 'The program threw.', steps: [{}] });
  expect(of(good)).toMatchObject({ result: 'changes' });
});
