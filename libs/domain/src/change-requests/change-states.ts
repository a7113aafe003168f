import { BulkheadError } from '@bulkhead/kernel';
import { DRIFT_CHANGE_KINDS } from '../drift/remedies.js';

/** `placement`: a layer changes between shared and dedicated, which needs a move. `plan`: everything else. */
export const QUOTED_KINDS = ['plan', 'placement'] as const;
export type QuotedKind = (typeof QUOTED_KINDS)[number];

/** `state-loss`: what a fleet preview showed to be lost may be lost. */
export const CHANGE_KINDS = [...QUOTED_KINDS, 'state-loss', ...DRIFT_CHANGE_KINDS] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export const CHANGE_STATES = [
  'pending',
  'approved',
  'scheduled',
  'applying',
  'applied',
  'rejected',
  'cancelled',
  'expired',
] as const;
export type ChangeState = (typeof CHANGE_STATES)[number];

export const CHANGE_EVENTS = [
  'approve',
  'reject',
  'schedule',
  'unschedule',
  'apply',
  'finish',
  'fall_back',
  'cancel',
  'expire',
] as const;
export type ChangeEvent = (typeof CHANGE_EVENTS)[number];

/**
 * `approve` is the last approval that was needed. A change that could not be applied falls back to `approved`: whoever
 * approved it approved the wish, not the attempt. What is being applied can be neither cancelled nor expire; its
 * operation can be cancelled.
 */
const TRANSITIONS: Readonly<Record<ChangeState, Readonly<Partial<Record<ChangeEvent, ChangeState>>>>> = {
  pending: { approve: 'approved', reject: 'rejected', cancel: 'cancelled', expire: 'expired' },
  approved: { schedule: 'scheduled', apply: 'applying', cancel: 'cancelled', expire: 'expired' },
  scheduled: { unschedule: 'approved', apply: 'applying', cancel: 'cancelled', expire: 'expired' },
  applying: { finish: 'applied', fall_back: 'approved' },
  applied: {},
  rejected: {},
  cancelled: {},
  expired: {},
};

/** Whether nothing can happen to it any more. */
export function isClosed(state: ChangeState): boolean {
  return Object.keys(TRANSITIONS[state]).length === 0;
}

/**
 * @throws BulkheadError `approval_required` (409) for work on a change that is still pending, else
 * `change_state_conflict` (409) naming what may happen instead.
 */
export function nextChangeState(state: ChangeState, event: ChangeEvent): ChangeState {
  const next = TRANSITIONS[state][event];
  if (next !== undefined) return next;
  if (state === 'pending' && (event === 'apply' || event === 'schedule')) throw approvalRequired();
  const possible = Object.keys(TRANSITIONS[state]);
  throw new BulkheadError({
    code: 'change_state_conflict',
    status: 409,
    publicMessage: `A change request that is ${state} cannot take "${event}".`,
    remediation:
      possible.length === 0
        ? `A change request that is ${state} is closed; make a new one.`
        : `From ${state} these are possible: ${possible.join(', ')}.`,
  });
}

function approvalRequired(): BulkheadError {
  return new BulkheadError({
    code: 'approval_required',
    status: 409,
    publicMessage: 'The change request has not been approved yet.',
    remediation: 'Ask an approver who did not request it to approve it; it says how many approvals are missing.',
  });
}
