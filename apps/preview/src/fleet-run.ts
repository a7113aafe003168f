import { holdsData, programCode, type Previews, type StackPlan } from '@bulkhead/automation';
import type { Layer, PriceTableTemplate, TierTemplate } from '@bulkhead/domain';
import {
  appliedDigest,
  judgeLosses,
  stateDigest,
  wantedStacks,
  type RecordedState,
  type StackPlace,
  type WantedStack,
} from '@bulkhead/domain/fleet';
import type { Bundle, BundledStack } from './bundle.js';
import { monthlyDifference } from './cost.js';
import type { StackReport } from './report.js';

export interface FleetRun {
  readonly bundle: Bundle;
  readonly previews: Previews;
  /** The newest tiers of the working tree. */
  readonly tiers: ReadonlyMap<string, TierTemplate>;
  readonly prices: PriceTableTemplate | undefined;
  /** Previews at once: each takes up to a gigabyte and a core. */
  readonly parallel: number;
  /** Ids or slugs; empty means the whole fleet. */
  readonly onlyTenants: readonly string[];
  /** Names of the stacks that the change touches; undefined means all. */
  readonly touched: ReadonlySet<string> | undefined;
  /** Called in the order in which previews end. */
  readonly onStack: (report: StackReport, done: number, all: number, durationMs: number) => void;
}

/** Previews the fleet; the answer is in the order of the stacks' names, whichever preview ended first. */
export async function runFleet(run: FleetRun): Promise<readonly StackReport[]> {
  const { bundle, tiers, parallel } = run;
  const wanted = wantedStacks(bundle.stacks, bundle.tenants, tiers).filter(({ tenantIds }) => isAsked(run, tenantIds));
  const reports: StackReport[] = [];
  const known = new Map(bundle.stacks.map((stack) => [stack.stack, stack]));
  const bindings = bindingsOf(bundle);
  let [next, done] = [0, 0];
  const work = async (): Promise<void> => {
    for (let at = next++; at < wanted.length; at = next++) {
      const started = performance.now();
      const stack = wanted[at]!;
      const report = await previewStack(run, stack, known.get(stack.stack), bindings);
      reports[at] = report;
      run.onStack(report, ++done, wanted.length, Math.round(performance.now() - started));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, parallel) }, work));
  return reports;
}

function isAsked({ bundle, onlyTenants }: FleetRun, tenantIds: readonly string[]): boolean {
  if (onlyTenants.length === 0) return true;
  const asked = bundle.tenants.filter(({ id, slug }) => onlyTenants.includes(id) || onlyTenants.includes(slug));
  return asked.some(({ id }) => tenantIds.includes(id));
}

function bindingsOf({ tenants }: Bundle): StackPlace['bindings'] {
  const all = tenants.flatMap(({ id, bindings }) =>
    bindings.map(({ bindingId, layer }): [string, { tenantId: string; layer: Layer }] => [
      bindingId,
      { tenantId: id, layer },
    ]),
  );
  return new Map(all);
}

async function previewStack(
  run: FleetRun,
  wanted: WantedStack,
  known: BundledStack | undefined,
  bindings: StackPlace['bindings'],
): Promise<StackReport> {
  const digest = wanted.request && appliedDigest(wanted.request, programCode());
  const report = { ...describe(run, wanted, known), wantedDigest: digest };
  const skipped = (reason: string, result: 'not-run' | 'unchanged' = 'not-run'): StackReport => ({
    ...report,
    ...{ result, reason, steps: [], violations: [], stateDigest: null },
  });
  if (run.touched && !run.touched.has(wanted.stack)) return skipped('the change does not touch it');
  if (known && !known.hasState) return skipped('no run of it has ended yet: there is no state to compare with');
  // Equal only where the last run ended well and was made from exactly this specification and this code.
  if (known && digest !== null && known.appliedDigest === digest)
    return skipped('made from the same specification and code', 'unchanged');
  const state = known ? await run.bundle.state(known.stack) : null;
  const plan = wanted.request ? await run.previews.plan(wanted.request, state) : deletionOf(state);
  const { program } = wanted.request ?? known!.request;
  const place = { stack: wanted.stack, program, tenantIds: wanted.tenantIds, bindings };
  return finished(run, report, { plan, state, place });
}

function finished(
  run: FleetRun,
  report: Pick<StackReport, 'stack' | 'program' | 'tenants' | 'notes' | 'monthly' | 'wantedDigest'>,
  { plan, state, place }: { plan: StackPlan; state: RecordedState | null; place: StackPlace },
): StackReport {
  const steps = judgeLosses(plan.steps, place, { holdsData, approved: run.bundle.approved, now: new Date() });
  const failure = plan.error ?? plan.failures.map(({ name, message }) => `${name}: ${message}`).join(' ');
  const cutOff = state && state.pending > 0 ? [`${state.pending} changes of an earlier run were cut off.`] : [];
  return {
    ...report,
    result: failure ? 'failed' : steps.length > 0 || plan.violations.length > 0 ? 'changes' : 'unchanged',
    ...(failure && { reason: failure }),
    steps,
    violations: plan.violations.toSorted((a, b) => (`${a.urn}${a.rule}` < `${b.urn}${b.rule}` ? -1 : 1)),
    notes: [...report.notes, ...cutOff],
    stateDigest: state && stateDigest(state),
  };
}

function describe({ bundle, prices }: FleetRun, wanted: WantedStack, known: BundledStack | undefined) {
  const names = new Map(bundle.tenants.map(({ id, slug }) => [id, slug]));
  const monthly = monthlyDifference(prices, known?.request, wanted.request);
  return {
    stack: wanted.stack,
    program: (wanted.request ?? known?.request)?.program ?? '',
    tenants: wanted.tenantIds.map((id) => ({ id, slug: names.get(id) ?? id })),
    notes: wanted.notes,
    ...(monthly && { monthly }),
  };
}

/** Nothing of the stack is wanted any more. No engine is needed to say what goes. */
function deletionOf(state: RecordedState | null): StackPlan {
  const resources = (state?.resources ?? []).filter(({ custom, type }) => custom && !type.startsWith('pulumi:'));
  const steps = resources.map(({ urn, type }) => ({
    urn,
    type,
    name: urn.split('::').at(-1) ?? urn,
    operation: 'delete' as const,
    properties: [],
  }));
  const sorted = steps.toSorted((a, b) => (a.urn < b.urn ? -1 : 1));
  return { steps: sorted, violations: [], failures: [], durationMs: 0 };
}

/** Stacks whose specification two sets of tiers make differently. */
export function differingStacks(
  bundle: Bundle,
  before: ReadonlyMap<string, TierTemplate>,
  after: ReadonlyMap<string, TierTemplate>,
): ReadonlySet<string> {
  const text = (tiers: ReadonlyMap<string, TierTemplate>): Map<string, string> =>
    new Map(
      wantedStacks(bundle.stacks, bundle.tenants, tiers).map(({ stack, request }) => [
        stack,
        request ? appliedDigest(request, '') : `${stack} goes`,
      ]),
    );
  const [earlier, later] = [text(before), text(after)];
  const names = new Set([...earlier.keys(), ...later.keys()]);
  return new Set([...names].filter((name) => earlier.get(name) !== later.get(name)));
}
