import type { MessageKind } from '@bulkhead/tenancy';

/** Names the message that a claim waits in the queue as. */
export const SUBMIT_CLAIM = 'claim.submit';

/** Kinds of messages that the clinic sends and handles. */
export const MESSAGE_KINDS: Readonly<Record<typeof SUBMIT_CLAIM, MessageKind>> = {
  [SUBMIT_CLAIM]: { messageClass: 'standard', maxAttempts: 5 },
};

/** What the queue is told of a claim: its id, and nothing that it says. */
export interface SubmitClaimMessage {
  readonly claimId: string;
}

/** The claim's own id as a UUID, so that a claim that is sent twice is one message. */
export function messageIdOf(claimId: string): string {
  const hex = claimId.slice(claimId.indexOf('_') + 1);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
