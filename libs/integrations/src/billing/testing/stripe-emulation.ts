import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import nock from 'nock';
import { findRoute } from './stripe-emulated-endpoints.js';
import { refuse, StripeRefusal, type EmulatedState, type Fields } from './stripe-emulated-objects.js';

interface Saved {
  readonly request: string;
  readonly answer: readonly [number, object] | undefined;
}

/**
 * An emulation, in memory and on nock, of the endpoints that StripeBilling calls, written from Stripe's API reference.
 * It is not Stripe: it knows what the reference says of these endpoints, no tax, no payment, no dunning. It refuses
 * endpoints and parameters it does not know, so that a request nobody documented cannot pass a test.
 */
export class StripeEmulation {
  private state: EmulatedState = emptyState();
  private keys = new Map<string, Saved>();
  private left = Number.POSITIVE_INFINITY;
  /** Method and path of each request that was executed. */
  readonly requests: string[] = [];

  start(): void {
    const api = nock('https://api.stripe.com', { reqheaders: { authorization: /^Bearer sk_test_/ } }).persist();
    const answer = async (request: Request) => {
      const { method, url, headers } = request;
      // The answer is lost, but the request was executed: the hard half of a crash.
      const result = await this.serve(method, url, await request.text(), headers.get('idempotency-key') ?? undefined);
      this.left -= 1;
      if (this.left < 0) throw Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
      return [...result, { 'request-id': `req_${randomBytes(6).toString('hex')}` }];
    };
    for (const method of ['GET', 'POST', 'DELETE']) api.intercept(/.*/, method).reply(answer);
  }

  stop(): void {
    nock.cleanAll();
    nock.restore();
  }

  clear(): void {
    this.state = emptyState();
    this.keys.clear();
    this.requests.length = 0;
    this.heal();
  }

  /** Lets so many answers through; after them every request is refused before or after it was executed, see `start`. */
  breakAfter(answers: number): void {
    this.left = answers;
  }

  heal(): void {
    this.left = Number.POSITIVE_INFINITY;
  }

  /** A day passes: idempotency keys are forgotten, and search has caught up. */
  passDay(): void {
    this.keys.clear();
    this.settle();
  }

  /** Search lags behind what was written until then. */
  settle(): void {
    for (const customer of this.state.customers.values()) this.state.searchable.add(customer.id);
  }

  /** Gives a test the objects as Stripe holds them. */
  get objects(): EmulatedState {
    return this.state;
  }

  private async serve(
    method: string,
    address: string,
    body: string,
    key: string | undefined,
  ): Promise<readonly [number, object]> {
    // Once the line is down, requests do not arrive any more; only the first lost answer had been executed.
    if (this.left < 0) return [500, {}];
    if (method !== 'POST' || key === undefined) return this.execute(method, address, body);
    const request = `${address} ${body}`;
    const saved = this.keys.get(key);
    if (saved !== undefined) {
      if (saved.request !== request)
        return [400, failure('idempotency_error', undefined, 'Keys must be used with the same parameters.')];
      return (
        saved.answer ?? [
          409,
          failure('idempotency_error', 'idempotency_key_in_use', 'Another request is using this key.'),
        ]
      );
    }
    this.keys.set(key, { request, answer: undefined });
    await nextTurn();
    const answer = this.execute(method, address, body);
    this.keys.set(key, { request, answer });
    return answer;
  }

  private execute(method: string, address: string, body: string): readonly [number, object] {
    const url = new URL(address);
    this.requests.push(`${method} ${url.pathname}`);
    try {
      const { route, ids } = findRoute(method, url.pathname);
      const fields = decodeForm(method === 'POST' ? body : url.search);
      const unknown = Object.keys(fields).find((name) => !route.parameters.includes(name));
      if (unknown !== undefined) refuse(400, 'parameter_unknown', `Received unknown parameter: ${unknown}`);
      return [200, structuredClone(route.answer(this.state, fields, ids))];
    } catch (error) {
      if (!(error instanceof StripeRefusal)) throw error;
      return [error.status, failure('invalid_request_error', error.code, error.message)];
    }
  }
}

function emptyState(): EmulatedState {
  return {
    count: 0,
    customers: new Map(),
    searchable: new Set(),
    products: new Map(),
    prices: new Map(),
    features: new Map(),
    productFeatures: [],
    subscriptions: new Map(),
    entitled: new Map(),
    invoices: new Map(),
    invoiceItems: new Map(),
    creditNotes: new Map(),
    meters: new Map(),
    meterEvents: new Map(),
  };
}

function failure(type: string, code: string | undefined, message: string): object {
  return { error: { type, code, message } };
}

/** `items[0][price]=p` → `{items: {0: {price: 'p'}}}`. */
function decodeForm(text: string): Fields {
  const fields: Fields = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.replaceAll(']', '').split('[');
    const last = path.pop() ?? '';
    let place: Fields = fields;
    for (const part of path) place = (place[part] ??= {}) as Fields;
    place[last] = value;
  }
  return fields;
}
