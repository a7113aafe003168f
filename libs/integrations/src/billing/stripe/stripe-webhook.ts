import { BulkheadError } from '@bulkhead/kernel';
import { Stripe } from 'stripe';

/** A delivery whose signature was verified. `object` is what the event is about, as the provider sends it. */
export interface BillingEvent {
  readonly id: string;
  readonly type: string;
  readonly createdAt: Date;
  readonly object: unknown;
}

/** Seconds that a delivery may be old: with an older one somebody replays what was recorded. */
const TOLERANCE = 300;

/**
 * Verifies a delivery of Stripe's (https://docs.stripe.com/webhooks#verify-official-libraries).
 * @param rawBody exactly the bytes received: parsed and written again they no longer match the signature.
 * @param signatureHeader the `Stripe-Signature` header.
 * @param secret signing secret of the endpoint, `whsec_…`.
 * @throws BulkheadError `webhook_signature_invalid` (400) when it is missing, wrong, too old, or the body is no event.
 */
export function verifyWebhook(
  rawBody: string | Buffer,
  signatureHeader: string | undefined,
  secret: string,
): BillingEvent {
  try {
    const event = Stripe.webhooks.constructEvent(rawBody, signatureHeader ?? '', secret, TOLERANCE);
    return { id: event.id, type: event.type, createdAt: new Date(event.created * 1000), object: event.data.object };
  } catch {
    // Stripe's error quotes the body and the header: neither belongs into a log.
    throw new BulkheadError({
      code: 'webhook_signature_invalid',
      status: 400,
      publicMessage: 'The delivery is not signed by Stripe for this endpoint.',
      remediation:
        "Compare the endpoint's signing secret with the one at Stripe, and this machine's clock; Stripe delivers again.",
    });
  }
}
