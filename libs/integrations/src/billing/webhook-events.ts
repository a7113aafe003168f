import type pg from 'pg';

/** A delivery whose signature was verified. `object` is what the event is about, as the provider sends it. */
export interface BillingEvent {
  readonly id: string;
  readonly type: string;
  readonly createdAt: Date;
  readonly object: unknown;
}

/**
 * Notes a delivery and tells whether it is the first of its event. Call it in the transaction that applies the event:
 * if that fails, the note goes with it and the provider's next delivery is a first one again.
 */
export async function isFirstDelivery(
  client: Pick<pg.ClientBase, 'query'>,
  provider: string,
  event: Pick<BillingEvent, 'id' | 'type'>,
): Promise<boolean> {
  const { rowCount } = await client.query(
    'insert into billing.webhook_events (provider, event_id, type) values ($1, $2, $3) on conflict do nothing',
    [provider, event.id, event.type],
  );
  return rowCount === 1;
}
