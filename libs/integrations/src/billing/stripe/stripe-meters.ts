import type { Stripe } from 'stripe';

const METER_PREFIX = 'bulkhead_';

/** The active meter of what is counted, made on first use. It sums the values of its events. */
export async function ensureMeter(stripe: Stripe, meter: string): Promise<Stripe.Billing.Meter> {
  const eventName = `${METER_PREFIX}${meter}`;
  const known = (await listMeters(stripe)).find(({ name }) => name === meter)?.meter;
  if (known !== undefined) return known;
  return stripe.billing.meters.create(
    {
      display_name: meter,
      event_name: eventName,
      default_aggregation: { formula: 'sum' },
      customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
      value_settings: { event_payload_key: 'value' },
    },
    { idempotencyKey: `meter:${eventName}` },
  );
}

/** Bulkhead's meters, by the name of what they count. */
export async function listMeters(stripe: Stripe): Promise<{ name: string; meter: Stripe.Billing.Meter }[]> {
  const meters = await stripe.billing.meters.list({ status: 'active', limit: 100 }).autoPagingToArray({ limit: 1000 });
  return meters
    .filter(({ event_name }) => event_name.startsWith(METER_PREFIX))
    .map((meter) => ({ name: meter.event_name.slice(METER_PREFIX.length), meter }));
}
