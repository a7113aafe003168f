/* What Stripe's documented endpoints do to its objects, as far as StripeBilling relies on it. */

export interface Fields {
  [name: string]: string | Fields;
}
export type Item = Record<string, unknown> & { id: string };

export interface EmulatedState {
  count: number;
  customers: Map<string, Item>;
  searchable: Set<string>;
  products: Map<string, Item>;
  prices: Map<string, Item>;
  features: Map<string, Item>;
  productFeatures: { product: string; id: string; entitlement_feature: Item }[];
  subscriptions: Map<string, Item & { items: { data: Item[] }; status: string; customer: string }>;
  /** Features of each subscription item, as its product had them when the item was made. */
  entitled: Map<string, Item[]>;
  invoices: Map<string, Item>;
  invoiceItems: Map<string, Item>;
  creditNotes: Map<string, Item>;
  meters: Map<string, Item>;
  meterEvents: Map<string, { event_name: string; payload: Fields; timestamp: number }>;
}

export class StripeRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export function refuse(status: number, code: string, message: string): never {
  throw new StripeRefusal(status, code, message);
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : refuse(400, 'parameter_missing', `Missing required param: ${name}`);
}

export function make(state: EmulatedState, prefix: string, fields: object): Item {
  state.count += 1;
  return { id: `${prefix}_${String(state.count).padStart(6, '0')}`, created: now(), ...fields };
}

export function now(): number {
  return Math.floor(Date.now() / 1000);
}

export function get<T>(items: Map<string, T>, id: unknown, what: string): T {
  return items.get(String(id)) ?? refuse(404, 'resource_missing', `No such ${what}: '${String(id)}'`);
}

/** Newest first, ten at a time unless asked otherwise, as all of Stripe's lists. */
export function page(items: Iterable<Item>, { limit = '10', starting_after }: Fields): object {
  const all = [...items].toReversed();
  const from = starting_after === undefined ? 0 : all.findIndex(({ id }) => id === starting_after) + 1;
  const data = all.slice(from, from + Number(limit));
  return { object: 'list', data, has_more: from + data.length < all.length };
}

export function numbers(fields: Fields, ...names: string[]): Record<string, number> {
  return Object.fromEntries(names.filter((name) => name in fields).map((name) => [name, Number(fields[name])]));
}

export function store<T extends Item>(items: Map<string, T>, item: T): T {
  items.set(item.id, item);
  return item;
}

function subscriptionItem(state: EmulatedState, price: unknown, quantity: unknown): Item {
  const item = make(state, 'si', { price: get(state.prices, price, 'price'), quantity: Number(quantity ?? 1) });
  const product = (item['price'] as Item)['product'];
  state.entitled.set(
    item.id,
    state.productFeatures
      .filter((attached) => attached.product === product)
      .map(({ entitlement_feature }) => entitlement_feature),
  );
  return item;
}

export function createSubscription(state: EmulatedState, fields: Fields): object {
  get(state.customers, fields['customer'], 'customer');
  const anchor = Number(fields['billing_cycle_anchor']);
  const items = Object.values(fields['items'] as Fields).map((item) =>
    subscriptionItem(state, (item as Fields)['price'], (item as Fields)['quantity']),
  );
  if (items.length > 20) refuse(400, 'parameter_invalid', 'A subscription has up to 20 items');
  const first = items[0]?.['price'] as { recurring?: { interval: string } } | undefined;
  const latest = new Date();
  latest.setUTCMonth(latest.getUTCMonth() + (first?.recurring?.interval === 'year' ? 12 : 1));
  if (anchor <= now() || anchor > latest.getTime() / 1000) {
    refuse(400, 'parameter_invalid', 'billing_cycle_anchor must lie between now and the next natural billing date');
  }
  const made = make(state, 'sub', {
    ...fields,
    ...numbers(fields, 'days_until_due', 'billing_cycle_anchor'),
    status: 'active',
    items: { data: items },
  });
  return store(state.subscriptions, { metadata: {}, ...made } as unknown as Item & {
    items: { data: Item[] };
    status: string;
    customer: string;
  });
}

export function addItem(state: EmulatedState, fields: Fields): object {
  const { items } = get(state.subscriptions, fields['subscription'], 'subscription');
  if (items.data.some((item) => (item['price'] as Item).id === fields['price'])) {
    refuse(400, 'parameter_invalid', 'Cannot add multiple subscription items with the same price');
  }
  if (items.data.length >= 20) refuse(400, 'parameter_invalid', 'A subscription has up to 20 items');
  const item = subscriptionItem(state, fields['price'], fields['quantity']);
  items.data.push(item);
  return item;
}

export function removeItem(state: EmulatedState, id: string): object {
  for (const { items } of state.subscriptions.values()) {
    const index = items.data.findIndex((item) => item.id === id);
    if (index >= 0) return { ...items.data.splice(index, 1)[0], deleted: true };
  }
  return refuse(404, 'resource_missing', `No such subscription_item: '${id}'`);
}

export function cancel(state: EmulatedState, id: string): object {
  const subscription = get(state.subscriptions, id, 'subscription');
  if (subscription.status === 'canceled') refuse(404, 'resource_missing', `No such subscription: '${id}'`);
  subscription.status = 'canceled';
  return subscription;
}

export function changeInvoice(state: EmulatedState, id: string, from: readonly string[], to: string): Item {
  const invoice = get(state.invoices, id, 'invoice');
  if (!from.includes(String(invoice['status'])))
    refuse(400, 'invoice_not_editable', `The invoice is ${String(invoice['status'])}`);
  invoice['status'] = to;
  return invoice;
}

export function addInvoiceItem(state: EmulatedState, fields: Fields): object {
  const invoice = get(state.invoices, fields['invoice'], 'invoice');
  if (invoice['status'] !== 'draft') refuse(400, 'invoice_not_editable', 'The invoice is finalized');
  const period = numbers(fields['period'] as Fields, 'start', 'end');
  const item = make(state, 'ii', { ...fields, ...numbers(fields, 'amount'), period });
  (invoice['lines'] as { data: object[] }).data.push({ period });
  invoice['total'] = Number(invoice['total']) + Number(item['amount']);
  return store(state.invoiceItems, item);
}

/** What is still owed becomes less; a paid invoice needs to be told where the money goes. */
export function createCreditNote(state: EmulatedState, fields: Fields): object {
  const invoice = get(state.invoices, fields['invoice'], 'invoice');
  const { amount = 0, credit_amount: toBalance } = numbers(fields, 'amount', 'credit_amount');
  if (invoice['status'] !== 'open' && invoice['status'] !== 'paid')
    refuse(400, 'invoice_not_open', 'You can only create credit notes for open or paid invoices.');
  if (amount <= 0 || amount > Number(invoice['total'])) refuse(400, 'parameter_invalid', 'The amount does not fit.');
  if ((invoice['status'] === 'paid') !== (toBalance === amount))
    refuse(400, 'parameter_invalid', 'The sum of credit, refund and outside amounts must equal the paid part.');
  const note = { ...fields, amount, customer: invoice['customer'], status: 'issued' };
  return store(state.creditNotes, make(state, 'cn', note));
}

export function recordEvent(state: EmulatedState, fields: Fields): object {
  const [identifier, at] = [text(fields, 'identifier'), Number(fields['timestamp'])];
  if (state.meterEvents.has(identifier))
    refuse(400, 'duplicate_meter_event', `An event already exists with identifier ${identifier}`);
  if (at < now() - 35 * 86_400 || at > now() + 300)
    refuse(400, 'timestamp_too_far_in_past', 'The timestamp is out of range');
  const event = { event_name: text(fields, 'event_name'), payload: fields['payload'] as Fields, timestamp: at };
  state.meterEvents.set(identifier, event);
  return { object: 'billing.meter_event', identifier, ...event };
}

export function summarise(state: EmulatedState, fields: Fields, meterId: string): object {
  const [start, end] = [Number(fields['start_time']), Number(fields['end_time'])];
  if (start % 60 !== 0 || end % 60 !== 0)
    refuse(400, 'parameter_invalid', 'start_time and end_time must align with minute boundaries');
  const { event_name } = get(state.meters, meterId, 'meter');
  const total = [...state.meterEvents.values()]
    .filter((event) => event.event_name === event_name && event.payload['stripe_customer_id'] === fields['customer'])
    .filter(({ timestamp }) => timestamp >= start && timestamp < end)
    .reduce((sum, { payload }) => sum + Number(payload['value']), 0);
  return {
    object: 'list',
    has_more: false,
    data: [{ id: 'mtrusg_1', meter: meterId, aggregated_value: total, start_time: start, end_time: end }],
  };
}

export function search(state: EmulatedState, fields: Fields): object {
  const match = /^metadata\['([^']+)'\]:'([^']+)'$/.exec(text(fields, 'query'));
  if (match === null) return refuse(400, 'parameter_invalid', 'We were unable to parse your search query');
  const found = [...state.customers.values()].filter(
    ({ id, metadata }) => state.searchable.has(id) && (metadata as Fields)[match[1] ?? ''] === match[2],
  );
  return { object: 'search_result', data: found, has_more: false };
}

export function unique(items: Map<string, Item>, field: string, value: unknown, message: string): void {
  if ([...items.values()].some((item) => item[field] === value)) refuse(400, 'resource_already_exists', message);
}
