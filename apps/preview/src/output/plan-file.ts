import type { Money } from '@bulkhead/domain';
import { PLAN_FORMAT, planExpiry, planHashOf, type FleetPlan, type PlannedStack } from '@bulkhead/domain/fleet';
import { RULES } from '@bulkhead/policies';
import { exitCode, isBlocked, type FleetReport, type StackReport } from '../report.js';

/**
 * The plan as a file. Two previews of one change on one bundle have the same hash: nothing in it depends on when, or
 * how fast, it was made.
 */
export function toPlanFile(report: FleetReport): FleetPlan {
  const { stacks, problems, prices, code, templates, base, head, bundle } = report;
  const content: Omit<FleetPlan, 'planHash'> = {
    kind: 'bulkhead-fleet-plan',
    format: PLAN_FORMAT,
    ...{ code, templates, base, head, bundle },
    expiresAt: planExpiry(bundle.createdAt),
    prices,
    monthly: totalOf(stacks),
    policies: RULES.map(({ id }) => ({ rule: id, violations: brokenBy(stacks, id) })),
    blocked: isBlocked(report),
    exitCode: exitCode(report),
    problems,
    stacks: stacks.map(planned),
  };
  return { ...content, planHash: planHashOf(content) };
}

function totalOf(stacks: readonly StackReport[]): Money | null {
  const amounts = stacks.flatMap(({ monthly }) => monthly ?? []);
  const [first] = amounts;
  if (!first) return null;
  return { ...first, amountMinor: amounts.reduce((sum, { amountMinor }) => sum + amountMinor, 0) };
}

function brokenBy(stacks: readonly StackReport[], id: string): number {
  return stacks.reduce((sum, { violations }) => sum + violations.filter(({ rule }) => rule === id).length, 0);
}

/** Member by member, so that the order in a file is the same each time. */
function planned(report: StackReport): PlannedStack {
  const { stack, program, tenants, result, wantedDigest, stateDigest, notes, violations, steps } = report;
  const [reason, monthly] = [report.reason ?? null, report.monthly ?? null];
  const digests = { wantedDigest, stateDigest };
  return { stack, program, tenants, result, reason, ...digests, monthly, notes, violations, steps };
}
