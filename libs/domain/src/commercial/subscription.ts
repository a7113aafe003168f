import { BulkheadError } from '@bulkhead/kernel';

export const SUBSCRIPTION_STATES = ['trial', 'active', 'past_due', 'suspended', 'cancelled'] as const;
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

export const SUBSCRIPTION_EVENTS = [
  'activate',
  'trial_ended',
  'payment_failed',
  'payment_received',
  'grace_ended',
  'suspend',
  'resume',
  'cancel',
] as const;
export type SubscriptionEvent = (typeof SUBSCRIPTION_EVENTS)[number];

/**
 * A payment lifts `past_due` but never `suspended`: a subscription may be suspended for other reasons than money, so
 * only somebody who resumes it ends that. Cancelled is final; the customer who returns gets a new subscription.
 */
const TRANSITIONS: Readonly<
  Record<SubscriptionState, Readonly<Partial<Record<SubscriptionEvent, SubscriptionState>>>>
> = {
  trial: { activate: 'active', trial_ended: 'suspended', suspend: 'suspended', cancel: 'cancelled' },
  active: { payment_failed: 'past_due', suspend: 'suspended', cancel: 'cancelled' },
  past_due: { payment_received: 'active', grace_ended: 'suspended', suspend: 'suspended', cancel: 'cancelled' },
  suspended: { resume: 'active', cancel: 'cancelled' },
  cancelled: {},
};

/** @throws BulkheadError `subscription_transition_refused` (409) naming what may happen instead. */
export function nextSubscriptionState(state: SubscriptionState, event: SubscriptionEvent): SubscriptionState {
  const next = TRANSITIONS[state][event];
  if (next !== undefined) return next;
  const possible = Object.keys(TRANSITIONS[state]);
  throw new BulkheadError({
    code: 'subscription_transition_refused',
    status: 409,
    publicMessage: `A subscription that is ${state} cannot take "${event}".`,
    remediation:
      possible.length === 0
        ? 'A cancelled subscription is final; start a new one.'
        : `From ${state} these are possible: ${possible.join(', ')}.`,
  });
}
