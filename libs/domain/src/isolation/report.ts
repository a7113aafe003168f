import { ISOLATION_RULES, type IsolationRule, type Severity } from './rules.js';

/** `live`: synthetic tenants in a transaction that is rolled back. `copy`: destructive probes are carried out too. */
export type ProofMode = 'live' | 'copy';

/** `void`: the proof did not see enough, or did not see its own planted leak; it says nothing about the target. */
export type ProofVerdict = 'green' | 'findings' | 'void';

export interface Finding {
  readonly rule: IsolationRule;
  readonly severity: Severity;
  /** Name of the target, such as a cell's id. */
  readonly target: string;
  /** Relation, role, function, route, prefix … that the leak is in. */
  readonly object: string;
  readonly cause: string;
  /** What exactly was seen; never a row's contents. */
  readonly detail: string;
  /** `static`, or the probe that showed it, such as `probe:read`. */
  readonly shown: string;
  readonly remedy: string;
}

/** One check, and what it looked at: a check that looked at nothing proves nothing. */
export interface CheckCount {
  readonly name: string;
  readonly looked: number;
}

/** What was found about one target. */
export interface TargetProof {
  readonly target: string;
  readonly kind: 'database' | 'routes' | 'holdings' | 'service';
  readonly checks: readonly CheckCount[];
  readonly findings: readonly Finding[];
  /** Why this part of the proof is worth nothing; empty when it is sound. */
  readonly voids: readonly string[];
}

export interface ProofReport {
  readonly version: 1;
  readonly mode: ProofMode;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly verdict: ProofVerdict;
  readonly targets: readonly TargetProof[];
}

/** Makes a finding with the texts of its rule. */
export function finding(
  rule: IsolationRule,
  where: { readonly target: string; readonly object: string; readonly detail: string; readonly shown: string },
): Finding {
  const { severity, cause, remedy } = ISOLATION_RULES[rule];
  return { rule, severity, cause, remedy, ...where };
}

/** Findings of a report that turn it red, and notes that do not. */
export function findingsOf(report: Pick<ProofReport, 'targets'>): Finding[] {
  return report.targets.flatMap(({ findings }) => findings);
}

/**
 * Joins what was found about each target. Leaks outweigh blindness: a finding is true even when another part saw
 * nothing. A proof without any target is void.
 */
export function joinProofs(
  mode: ProofMode,
  times: { readonly startedAt: Date; readonly finishedAt: Date },
  targets: readonly TargetProof[],
): ProofReport {
  const red = targets.some(({ findings }) => findings.some(({ severity }) => severity !== 'note'));
  const blind = targets.length === 0 || targets.some(({ voids }) => voids.length > 0);
  return {
    version: 1,
    mode,
    startedAt: times.startedAt.toISOString(),
    finishedAt: times.finishedAt.toISOString(),
    verdict: red ? 'findings' : blind ? 'void' : 'green',
    targets,
  };
}
