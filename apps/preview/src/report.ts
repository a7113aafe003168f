import type { Money } from '@bulkhead/domain';
import type { FleetTier, JudgedStep } from '@bulkhead/domain/fleet';

export type StackResult =
  /** A run would change nothing. */
  | 'unchanged'
  | 'changes'
  /** The preview did not come to its end. */
  | 'failed'
  /** Not looked at, for the reason given. */
  | 'not-run';

export interface TenantName {
  readonly id: string;
  readonly slug: string;
}

/** What would happen to one stack. */
export interface StackReport {
  readonly stack: string;
  readonly program: string;
  readonly tenants: readonly TenantName[];
  readonly result: StackResult;
  /** Why it was not run, or failed. */
  readonly reason?: string;
  readonly steps: readonly JudgedStep[];
  readonly violations: readonly { readonly rule: string; readonly urn: string; readonly message: string }[];
  readonly notes: readonly string[];
  /** Change of the estimated monthly cost; absent without prices, or where they say nothing. */
  readonly monthly?: Money;
  /** Digest of the specification and the code that a run would apply; null when the stack would be gone. */
  readonly wantedDigest: string | null;
  /** Digest of the recorded state; an apply refuses when it has moved. Null when there was none. */
  readonly stateDigest: string | null;
}

/** A thing wrong with the change itself, whatever the fleet looks like. */
export interface Problem {
  readonly rule: 'published-version-changed' | 'tier-removed';
  readonly message: string;
  /** Path in the repository, and line from 1. */
  readonly file?: string;
  readonly line?: number;
}

export interface FleetReport {
  readonly stacks: readonly StackReport[];
  readonly problems: readonly Problem[];
  /** Price table of the cost differences, as `name@version of date`; null without one. */
  readonly prices: string | null;
  readonly code: string;
  /** Newest version of each tier in the templates. */
  readonly templates: readonly FleetTier[];
  /** Commits: what it was compared with, and what has all that was previewed. */
  readonly base: string | null;
  readonly head: string | null;
  readonly bundle: { readonly createdAt: string; readonly source: string };
}

export const OPERATIONS = ['create', 'update', 'replace', 'delete'] as const;

export function countOf(steps: readonly JudgedStep[], operation: JudgedStep['operation']): number {
  return steps.filter((step) => step.operation === operation).length;
}

export function blockedSteps({ steps }: StackReport): readonly JudgedStep[] {
  return steps.filter(({ blocked }) => blocked !== undefined);
}

/** Whether the change must not be merged. */
export function isBlocked({ stacks, problems }: FleetReport): boolean {
  return problems.length > 0 || stacks.some((stack) => stack.violations.length > 0 || blockedSteps(stack).length > 0);
}

/** 0 no change, 1 error, 2 changes, 3 blocked or against the rules. What is blocked for sure outweighs what failed. */
export function exitCode(report: FleetReport): 0 | 1 | 2 | 3 {
  if (isBlocked(report)) return 3;
  if (report.stacks.some(({ result }) => result === 'failed')) return 1;
  return report.stacks.some(({ result }) => result === 'changes') ? 2 : 0;
}
