import { createHash } from 'node:crypto';
import { exitCode, isBlocked, type FleetReport, type StackReport } from '../report.js';

/**
 * The plan as a file: what was looked at, and what each stack would become. An apply names `planHash` and refuses when
 * a stack's `stateDigest` is no longer what it was. The hash is of everything but itself and when the bundle was made,
 * so that two previews of one change on one fleet have the same.
 */
export function toPlanFile(report: FleetReport): object {
  const { stacks, problems, prices, code, base, bundle } = report;
  const content = {
    kind: 'bulkhead-fleet-plan',
    format: 1,
    code,
    base,
    prices,
    blocked: isBlocked(report),
    exitCode: exitCode(report),
    problems,
    stacks: stacks.map(planned),
  };
  const planHash = `sha256:${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`;
  return { ...content, bundle, planHash };
}

/** Member by member, so that the order in a file is the same each time. */
function planned(stack: StackReport): object {
  const { stack: name, program, tenants, result, wantedDigest, stateDigest, notes, violations, steps } = stack;
  const [reason, monthly] = [stack.reason ?? null, stack.monthly ?? null];
  return {
    stack: name,
    program,
    tenants,
    result,
    reason,
    wantedDigest,
    stateDigest,
    monthly,
    notes,
    violations,
    steps,
  };
}
