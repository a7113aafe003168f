import { invoiceSchedule, money, planCharge } from '@bulkhead/domain';
import { newId, Redacted } from '@bulkhead/kernel';
import nock from 'nock';
import type { BilledPlan } from '../port.js';
import { describeBillingContract, onboard, type BillingUnderTest } from '../testing/billing-contract.js';
import { describePlanChangeContract, planChangeOf } from '../testing/plan-change-contract.js';
import { StripeEmulation } from '../testing/stripe-emulation.js';
import { StripeBilling, STRIPE_API_VERSION } from './stripe-billing.js';

const apiKey = new Redacted('sk_test_canary_4eC39HqLyjWDarjtT1zdp7dc');
const emulation = new StripeEmulation();
/** Without the SDK's own retries, which sleep: a lost answer is to be seen at once. */
const stripe = new StripeBilling({ apiKey, networkRetries: 0 });

beforeAll(() => {
  nock.disableNetConnect();
  emulation.start();
});
afterAll(() => emulation.stop());

const plan = {
  name: 'enterprise',
  version: 2,
  title: 'Enterprise',
  currency: 'USD',
  interval: 'year',
  price: { model: 'flat', unitAmountMinor: 24_000_000, platformFeeMinor: 6_000_000 },
  paymentTermDays: 45,
} as const satisfies BilledPlan;

const NAME = 'Stripe (against an emulation of its documented endpoints, not Stripe itself)';
const underTest = (): BillingUnderTest => ({
  provider: stripe,
  breakAfter: (count) => emulation.breakAfter(count),
  heal: () => emulation.heal(),
  passDay: () => emulation.passDay(),
  clear: () => emulation.clear(),
  countCustomers: async () => emulation.objects.customers.size,
});
describeBillingContract(NAME, underTest);
describePlanChangeContract(NAME, underTest);

async function subscribe() {
  const [tenantId, key] = [newId('tenant'), newId('operation')];
  const startsOn = new Date().toISOString().slice(0, 10) as `${number}-${number}-${number}`;
  const { customerRef } = await stripe.ensureCustomer({
    tenantId,
    name: 'Lakeside',
    idempotencyKey: `${key}:customer`,
  });
  const request = { tenantId, customerRef, plan, quantity: 1, startsOn, idempotencyKey: `${key}:subscription` };
  return { ...request, ...(await stripe.ensureSubscription(request)), key };
}

describe('StripeBilling', () => {
  beforeEach(() => emulation.clear());

  it('bills the first period by an invoice of its own and lets Stripe bill from the second on', async () => {
    const { customerRef, subscriptionRef, startsOn, key } = await subscribe();
    const charge = planCharge({ ...plan, quotas: {} }, 1);
    const invoices = invoiceSchedule({
      charge,
      startsOn,
      interval: plan.interval,
      paymentTermDays: plan.paymentTermDays,
    });
    const { invoices: refs } = await stripe.ensureInvoiceSchedule({
      customerRef,
      subscriptionRef,
      invoices,
      idempotencyKey: `${key}:schedule`,
    });
    expect(emulation.objects.subscriptions.get(subscriptionRef)).toMatchObject({
      collection_method: 'send_invoice',
      days_until_due: 45,
      proration_behavior: 'none',
      billing_cycle_anchor: Date.parse(`${invoices[0]?.periodEnd}T00:00:00Z`) / 1000,
    });
    expect(emulation.objects.invoices.get(refs[0]?.ref ?? '')).toMatchObject({
      status: 'open',
      total: 30_000_000,
      currency: 'usd',
    });
    expect([...emulation.objects.invoiceItems.values()].map(({ amount }) => amount)).toEqual([24_000_000, 6_000_000]);
  });

  it('makes the prices of a plan version once, and refuses to bill when somebody changed one at Stripe', async () => {
    await subscribe();
    await subscribe();
    const prices = [...emulation.objects.prices.values()];
    expect(prices.map((price) => [price['lookup_key'], price['unit_amount']])).toEqual([
      ['bulkhead_plan_enterprise_v2_licence', 24_000_000],
      ['bulkhead_plan_enterprise_v2_platform_fee', 6_000_000],
    ]);
    Object.assign(prices[0] ?? {}, { unit_amount: 1 });
    await expect(subscribe()).rejects.toMatchObject({
      code: 'billing_conflict',
      publicMessage: expect.stringContaining('licence'),
    });
  });

  it('gives a paid invoice back to the balance, also on its first day, when it cannot be voided', async () => {
    const first = await onboard(stripe);
    const [paid] = emulation.objects.invoices.values();
    Object.assign(paid ?? {}, { status: 'paid' });
    const request = planChangeOf(first);
    await stripe.changePlan(request);
    await stripe.changePlan(request);
    const total = first.schedule.invoices[0]?.amountMinor;
    expect([...emulation.objects.creditNotes.values()]).toMatchObject([{ amount: total, invoice: paid?.id }]);
    expect(request.credit.amount.amountMinor).toBe(total);
  });

  it('refuses a schedule whose later invoices are not what Stripe will bill', async () => {
    const { customerRef, subscriptionRef, startsOn, key } = await subscribe();
    const charge = planCharge({ ...plan, quotas: {} }, 1);
    const [first] = invoiceSchedule({ charge, startsOn, interval: 'year', paymentTermDays: 45 });
    if (first === undefined) throw new Error('A schedule has a first invoice');
    const second = { ...first, amount: money(1, 'USD') };
    const request = { customerRef, subscriptionRef, invoices: [first, second], idempotencyKey: `${key}:schedule` };
    await expect(stripe.ensureInvoiceSchedule(request)).rejects.toMatchObject({ code: 'billing_conflict' });
    expect(emulation.objects.invoices.size).toBe(0);
  });

  it('finalises nothing that does not add up: a draft with a foreign item stays a draft', async () => {
    const { customerRef, subscriptionRef, startsOn, key } = await subscribe();
    const charge = planCharge({ ...plan, quotas: {} }, 1);
    const invoices = invoiceSchedule({ charge, startsOn, interval: 'year', paymentTermDays: 45 });
    const request = { customerRef, subscriptionRef, invoices, idempotencyKey: `${key}:schedule` };
    const until = emulation.requests.length;
    emulation.breakAfter(2);
    await expect(stripe.ensureInvoiceSchedule(request)).rejects.toMatchObject({ code: 'billing_unavailable' });
    expect(emulation.requests.slice(until)).toEqual([
      `GET /v1/subscriptions/${subscriptionRef}`,
      'GET /v1/invoices',
      'POST /v1/invoices',
    ]);
    emulation.heal();
    const [draft] = emulation.objects.invoices.values();
    Object.assign(draft ?? {}, { total: 5 });
    await expect(stripe.ensureInvoiceSchedule(request)).rejects.toMatchObject({ code: 'billing_conflict' });
    expect(draft).toMatchObject({ status: 'draft' });
  });

  it('refuses a start outside of the period that runs today', async () => {
    const { customerRef, tenantId } = await subscribe();
    for (const startsOn of ['2020-01-01', '2999-01-01'] as const) {
      const request = { tenantId, customerRef, plan, quantity: 1, startsOn, idempotencyKey: newId('operation') };
      await expect(stripe.ensureSubscription(request)).rejects.toMatchObject({
        code: 'billing_start_refused',
        status: 422,
      });
    }
  });
});

describe('requests to Stripe and its refusals', () => {
  const customer = { tenantId: newId('tenant'), name: 'Lakeside', idempotencyKey: 'op_1:customer' };
  const api = () => nock('https://api.stripe.com');

  beforeAll(() => nock.cleanAll());
  afterEach(() => nock.cleanAll());

  function searchFindsNothing(): void {
    api().get('/v1/customers/search').query(true).reply(200, { object: 'search_result', data: [], has_more: false });
  }

  it('carry the pinned version, the key of the caller and a form, as documented', async () => {
    api()
      .get('/v1/customers/search')
      .query({ query: `metadata['bulkhead_tenant']:'${customer.tenantId}'`, limit: '1' })
      .reply(200, { object: 'search_result', data: [], has_more: false });
    const create = nock('https://api.stripe.com', {
      reqheaders: {
        authorization: `Bearer ${apiKey.reveal()}`,
        'stripe-version': STRIPE_API_VERSION,
        'idempotency-key': customer.idempotencyKey,
        'content-type': 'application/x-www-form-urlencoded',
      },
    })
      .post('/v1/customers', {
        name: 'Lakeside',
        metadata: { bulkhead_tenant: customer.tenantId, bulkhead_key: customer.idempotencyKey },
      })
      .reply(200, { id: 'cus_NffrFeUfNV2Hib', object: 'customer', name: 'Lakeside', metadata: {} });
    expect(await stripe.ensureCustomer(customer)).toEqual({ customerRef: 'cus_NffrFeUfNV2Hib' });
    expect(create.isDone()).toBe(true);
  });

  it.each([
    [
      401,
      { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_test_canary_4eC39' },
      'billing_credentials_refused',
      false,
    ],
    [
      403,
      { type: 'invalid_request_error', message: 'The provided key rk_canary does not have access' },
      'billing_credentials_refused',
      false,
    ],
    [
      400,
      { type: 'invalid_request_error', code: 'parameter_invalid_empty', param: 'name', message: 'canary' },
      'billing_refused',
      false,
    ],
    [
      400,
      { type: 'idempotency_error', message: 'Keys for idempotent requests canary' },
      'idempotency_key_reused',
      false,
    ],
    [
      404,
      { type: 'invalid_request_error', code: 'resource_missing', message: 'No such customer: canary' },
      'billing_unknown',
      false,
    ],
    [
      409,
      { type: 'idempotency_error', code: 'idempotency_key_in_use', message: 'canary' },
      'billing_unavailable',
      true,
    ],
    [429, { type: 'invalid_request_error', code: 'rate_limit', message: 'canary' }, 'billing_unavailable', true],
    [500, { type: 'api_error', message: 'canary' }, 'billing_unavailable', true],
  ])('with status %i and %j become %s without a word of what was sent', async (status, error, code, retryable) => {
    searchFindsNothing();
    api().post('/v1/customers').reply(status, { error }, { 'request-id': 'req_123' });
    const refusal = await stripe.ensureCustomer(customer).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(refusal).toMatchObject({ code, retryable });
    expect(JSON.stringify([refusal, String(refusal), (refusal as Error).stack])).not.toContain('canary');
  });

  it('become billing_unavailable when no connection comes about', async () => {
    api()
      .get('/v1/customers/search')
      .query(true)
      .replyWithError(Object.assign(new Error('canary'), { code: 'ECONNREFUSED' }));
    await expect(stripe.ensureCustomer(customer)).rejects.toMatchObject({
      code: 'billing_unavailable',
      retryable: true,
    });
  });
});
