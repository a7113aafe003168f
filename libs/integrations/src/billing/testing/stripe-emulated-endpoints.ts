/* Endpoints of Stripe's API, 2026-10-28, as https://docs.stripe.com/api describes them. Only what StripeBilling uses. */
import {
  addInvoiceItem,
  addItem,
  cancel,
  changeInvoice,
  createCreditNote,
  createSubscription,
  get,
  make,
  now,
  numbers,
  page,
  recordEvent,
  refuse,
  removeItem,
  search,
  store,
  summarise,
  unique,
  type EmulatedState,
  type Fields,
} from './stripe-emulated-objects.js';

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly parameters: readonly string[];
  readonly answer: (state: EmulatedState, fields: Fields, ids: readonly string[]) => object;
}

const LIST = ['limit', 'starting_after'];

function route(line: string, parameters: readonly string[], answer: Route['answer']): Route {
  const [method = '', path = ''] = line.split(' ');
  return { method, path: new RegExp(`^/v1${path.replaceAll(':id', '([^/]+)')}$`), parameters, answer };
}

export function findRoute(method: string, path: string): { route: Route; ids: string[] } {
  for (const candidate of ROUTES) {
    const match = candidate.method === method ? candidate.path.exec(path) : null;
    if (match !== null) return { route: candidate, ids: match.slice(1).map(decodeURIComponent) };
  }
  return refuse(404, 'url_invalid', `Unrecognized request URL (${method}: ${path})`);
}

const ROUTES: readonly Route[] = [
  route('GET /customers/search', ['query', 'limit', 'page'], search),
  route('GET /customers/:id', [], (state, _fields, [id]) => get(state.customers, id, 'customer')),
  route('POST /customers', ['name', 'metadata'], (state, fields) =>
    store(state.customers, make(state, 'cus', { metadata: {}, ...fields })),
  ),
  route('POST /products', ['id', 'name'], (state, fields) => {
    unique(state.products, 'id', fields['id'], 'Product already exists.');
    return store(state.products, make(state, 'prod', fields));
  }),
  route('GET /products/:id/features', LIST, (state, fields, [id]) =>
    page(
      state.productFeatures.filter(({ product }) => product === id),
      fields,
    ),
  ),
  route('POST /products/:id/features', ['entitlement_feature'], (state, fields, [id]) => {
    const feature = get(state.features, fields['entitlement_feature'], 'feature');
    const attached = {
      ...make(state, 'prodft', {}),
      product: get(state.products, id, 'product').id,
      entitlement_feature: feature,
    };
    state.productFeatures.push(attached);
    return attached;
  }),
  route('GET /prices', ['lookup_keys', 'active', ...LIST], (state, fields) => {
    const keys = Object.values(fields['lookup_keys'] as Fields);
    return page(
      [...state.prices.values()].filter((price) => keys.includes(String(price['lookup_key']))),
      fields,
    );
  }),
  route('POST /prices', ['product', 'currency', 'unit_amount', 'recurring', 'lookup_key'], (state, fields) => {
    get(state.products, fields['product'], 'product');
    unique(state.prices, 'lookup_key', fields['lookup_key'], 'A price already uses that lookup key.');
    return store(state.prices, make(state, 'price', { ...fields, ...numbers(fields, 'unit_amount'), active: true }));
  }),
  route('GET /entitlements/features', ['lookup_key', 'archived', ...LIST], (state, fields) =>
    page(
      [...state.features.values()].filter((feature) => feature['lookup_key'] === fields['lookup_key']),
      fields,
    ),
  ),
  route('POST /entitlements/features', ['lookup_key', 'name', 'metadata'], (state, fields) => {
    unique(state.features, 'lookup_key', fields['lookup_key'], 'A feature already uses that lookup key.');
    return store(state.features, make(state, 'feat', fields));
  }),
  route('GET /entitlements/active_entitlements', ['customer', ...LIST], (state, fields) => {
    const live = [...state.subscriptions.values()].filter(
      ({ customer, status }) => customer === fields['customer'] && status === 'active',
    );
    const features = live.flatMap(({ items }) => items.data.flatMap(({ id }) => state.entitled.get(id) ?? []));
    return page(
      features.map((feature) => ({ id: `ent_${feature.id}`, feature: feature.id, lookup_key: feature['lookup_key'] })),
      fields,
    );
  }),
  route('GET /subscriptions', ['customer', 'status', ...LIST], (state, fields) =>
    page(
      [...state.subscriptions.values()].filter(({ customer }) => customer === fields['customer']),
      fields,
    ),
  ),
  route(
    'POST /subscriptions',
    [
      'customer',
      'items',
      'collection_method',
      'days_until_due',
      'billing_cycle_anchor',
      'proration_behavior',
      'metadata',
    ],
    createSubscription,
  ),
  route('GET /subscriptions/:id', [], (state, _fields, [id]) => get(state.subscriptions, id, 'subscription')),
  route('DELETE /subscriptions/:id', ['invoice_now', 'prorate'], (state, _fields, [id = '']) => cancel(state, id)),
  route('POST /subscription_items', ['subscription', 'price', 'quantity', 'proration_behavior'], addItem),
  route('DELETE /subscription_items/:id', ['proration_behavior'], (state, _fields, [id = '']) => removeItem(state, id)),
  route('GET /invoices', ['customer', ...LIST], (state, fields) =>
    page(
      [...state.invoices.values()].filter((invoice) => invoice['customer'] === fields['customer']),
      fields,
    ),
  ),
  route(
    'POST /invoices',
    [
      'customer',
      'currency',
      'collection_method',
      'due_date',
      'auto_advance',
      'pending_invoice_items_behavior',
      'metadata',
    ],
    (state, fields) => {
      if (Number(fields['due_date']) <= now()) refuse(400, 'parameter_invalid', 'due_date must be in the future');
      const invoice = {
        ...fields,
        ...numbers(fields, 'due_date'),
        status: 'draft',
        total: 0,
        parent: null,
        lines: { data: [] },
      };
      return store(state.invoices, make(state, 'in', invoice));
    },
  ),
  route('GET /invoices/:id', [], (state, _fields, [id]) => get(state.invoices, id, 'invoice')),
  route('DELETE /invoices/:id', [], (state, _fields, [id = '']) => {
    const invoice = changeInvoice(state, id, ['draft'], 'deleted');
    state.invoices.delete(id);
    return { id: invoice.id, deleted: true };
  }),
  route('POST /invoices/:id/finalize', ['auto_advance'], (state, _fields, [id = '']) =>
    changeInvoice(state, id, ['draft'], 'open'),
  ),
  route('POST /invoices/:id/void', [], (state, _fields, [id = '']) =>
    changeInvoice(state, id, ['open', 'uncollectible'], 'void'),
  ),
  route('GET /credit_notes', ['invoice', 'customer', ...LIST], (state, fields) =>
    page(
      [...state.creditNotes.values()].filter(({ invoice, customer }) =>
        fields['invoice'] === undefined ? customer === fields['customer'] : invoice === fields['invoice'],
      ),
      fields,
    ),
  ),
  route('POST /credit_notes', ['invoice', 'amount', 'credit_amount', 'reason', 'metadata'], createCreditNote),
  route('GET /invoiceitems', ['invoice', ...LIST], (state, fields) =>
    page(
      [...state.invoiceItems.values()].filter((item) => item['invoice'] === fields['invoice']),
      fields,
    ),
  ),
  route(
    'POST /invoiceitems',
    ['customer', 'invoice', 'amount', 'currency', 'description', 'period', 'metadata'],
    addInvoiceItem,
  ),
  route('GET /billing/meters', ['status', ...LIST], (state, fields) => page(state.meters.values(), fields)),
  route(
    'POST /billing/meters',
    ['display_name', 'event_name', 'default_aggregation', 'customer_mapping', 'value_settings'],
    (state, fields) => {
      unique(state.meters, 'event_name', fields['event_name'], 'A meter with this event name exists.');
      return store(state.meters, make(state, 'mtr', { ...fields, status: 'active' }));
    },
  ),
  route(
    'GET /billing/meters/:id/event_summaries',
    ['customer', 'start_time', 'end_time', ...LIST],
    (state, fields, [id = '']) => summarise(state, fields, id),
  ),
  route('POST /billing/meter_events', ['event_name', 'payload', 'identifier', 'timestamp'], recordEvent),
];
