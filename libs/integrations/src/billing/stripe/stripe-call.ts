import { BulkheadError } from '@bulkhead/kernel';
import { Stripe } from 'stripe';
import { billingUnknown, keyReused } from '../port.js';

/**
 * Runs calls to Stripe and translates its errors. Stripe's own text is left out: it may quote what was sent, or a part
 * of the key. The request id finds it in Stripe's log.
 * @param what the thing asked for, named when Stripe does not know it.
 */
export async function callStripe<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translate(what, error);
  }
}

function translate(what: string, error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  if (error instanceof Stripe.errors.StripeIdempotencyError) return keyReused();
  const found = [error.code, error.param, error.requestId]
    .filter((part) => part !== undefined && part !== '')
    .join(', ');
  const details = found === '' ? '' : ` (${found})`;
  if (isPassing(error)) {
    return new BulkheadError({
      code: 'billing_unavailable',
      status: 503,
      retryable: true,
      publicMessage: `Stripe cannot answer now${details}.`,
      remediation: 'Repeat the call with the same key; what Stripe did already is not done twice.',
    });
  }
  if (
    error instanceof Stripe.errors.StripeAuthenticationError ||
    error instanceof Stripe.errors.StripePermissionError
  ) {
    return new BulkheadError({
      code: 'billing_credentials_refused',
      status: 502,
      publicMessage: `Stripe refused Bulkhead's API key${details}.`,
      remediation:
        'Set a restricted key with write access to customers, products, prices, subscriptions, invoices, meters and entitlements.',
    });
  }
  if (error.code === 'resource_missing') return billingUnknown(what);
  return new BulkheadError({
    code: 'billing_refused',
    status: 422,
    publicMessage: `Stripe refused the request for a ${what}${details}.`,
    remediation: "Look the request id up in Stripe's developer log, mend the cause and repeat the step.",
  });
}

/** No answer, too many requests, a lock at Stripe, or an error of Stripe's own. */
function isPassing(error: InstanceType<typeof Stripe.errors.StripeError>): boolean {
  if (error instanceof Stripe.errors.StripeConnectionError || error instanceof Stripe.errors.StripeRateLimitError)
    return true;
  return error.statusCode === 409 || (error.statusCode ?? 0) >= 500;
}

/** Tells whether Stripe refused because the thing exists already: then a call before this one made it. */
export function existsAlready(error: unknown): boolean {
  if (!(error instanceof Stripe.errors.StripeInvalidRequestError)) return false;
  return (
    error.code === 'resource_already_exists' ||
    error.code === 'duplicate_meter_event' ||
    /already exists with identifier|already (?:uses|using) (?:the|that) lookup key/i.test(error.message)
  );
}
