/** Life of an operation. The last three are final. */
export const OPERATION_STATES = [
  'queued',
  'running',
  'needs_attention',
  'cancelling',
  'compensating',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

const NEXT: Readonly<Record<OperationState, readonly OperationState[]>> = {
  queued: ['running', 'cancelling', 'compensating', 'failed', 'cancelled'],
  running: ['needs_attention', 'cancelling', 'compensating', 'succeeded', 'failed', 'cancelled'],
  // A report that asks for attention may arrive after the step went through all the same.
  needs_attention: ['running', 'cancelling', 'compensating', 'succeeded', 'failed', 'cancelled'],
  // A cancellation can come too late: what was handed over by then stays. Undoing can need attention too: giving up
  // there would leave resources that nobody owns.
  cancelling: ['needs_attention', 'compensating', 'succeeded', 'failed', 'cancelled'],
  compensating: ['needs_attention', 'cancelling', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export function isFinal(state: OperationState): boolean {
  return NEXT[state].length === 0;
}

/** Whether an operation may go from one state to another. A state may always be reported again. */
export function mayBecome(from: OperationState, to: OperationState): boolean {
  return from === to || NEXT[from].includes(to);
}
