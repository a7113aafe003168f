import type { QuotedKind } from './change-states.js';

export interface ApprovalFacts {
  readonly kind: QuotedKind;
  /** Takes something away that cannot simply be given back: own layers, or backups that are kept for a shorter time. */
  readonly destructive: boolean;
  /** Margin after the change; null when nothing is paid. */
  readonly marginBasisPoints: number | null;
  /** Change of the price in a year, minor units; may be negative. */
  readonly yearlyDeltaMinor: number;
}

export interface ApprovalLimits {
  readonly marginFloorBasisPoints: number;
  readonly twoPeopleFromYearlyMinor: number;
}

export interface ApprovalRule {
  /** Different people that must say yes, none of them the one who asks. */
  readonly approvals: 1 | 2;
  readonly reasons: readonly string[];
}

interface TwoPeopleRule {
  readonly because: (facts: ApprovalFacts, limits: ApprovalLimits) => string;
  readonly when: (facts: ApprovalFacts, limits: ApprovalLimits) => boolean;
}

const TWO_PEOPLE: readonly TwoPeopleRule[] = [
  { when: ({ destructive }) => destructive, because: () => 'it takes away what cannot simply be given back' },
  {
    when: ({ marginBasisPoints }, { marginFloorBasisPoints }) =>
      marginBasisPoints === null || marginBasisPoints < marginFloorBasisPoints,
    because: ({ marginBasisPoints }, { marginFloorBasisPoints }) =>
      marginBasisPoints === null
        ? 'nothing is paid for it'
        : `its margin of ${percent(marginBasisPoints)} is below ${percent(marginFloorBasisPoints)}`,
  },
  {
    when: ({ yearlyDeltaMinor }, { twoPeopleFromYearlyMinor }) =>
      Math.abs(yearlyDeltaMinor) >= twoPeopleFromYearlyMinor,
    because: () => 'it changes what is paid in a year by a large amount',
  },
];

/** How many must approve, by kind and amount. */
export function approvalRule(facts: ApprovalFacts, limits: ApprovalLimits): ApprovalRule {
  const reasons = TWO_PEOPLE.filter(({ when }) => when(facts, limits)).map(({ because }) => because(facts, limits));
  if (reasons.length > 0) return { approvals: 2, reasons };
  const what = facts.kind === 'plan' ? 'a change of plan' : 'a change of placement';
  return { approvals: 1, reasons: [`${what} within the limits needs one approval`] };
}

function percent(basisPoints: number): string {
  return `${(basisPoints / 100).toFixed(2)} %`;
}
