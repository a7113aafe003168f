import type { TenantId } from '@bulkhead/kernel';
import type { Answer, ApiFixture } from './testing/api.fixture.js';
import { SalesFixture } from './testing/sales.fixture.js';
import { asSuperuser } from './testing/token-tools.js';

let fixture: SalesFixture;
let api: ApiFixture;
let id: TenantId;
beforeAll(async () => {
  fixture = await SalesFixture.start();
  ({ api } = fixture);
});
beforeEach(async () => {
  ({ tenantId: id } = await api.onboard({ quantity: 10 }));
});
afterAll(() => api.stop());

const as = (token: string) => ({ token });
const quote = (target: object = {}) => fixture.quote(id, target);
const act = (changeId: string, verb: string, body?: object, token = fixture.sales) =>
  fixture.act(changeId, verb, body, token);

describe('a quote', () => {
  it('says what changes, what it costs and who must approve, and keeps it', async () => {
    const { status, body } = await quote();
    expect(status).toBe(201);
    expect(body).toMatchObject({
      kind: 'plan',
      eligible: true,
      from: { plan: { name: 'clinic-per-provider', version: 1 }, quantity: 10, monthlyPrice: { amountMinor: 149_000 } },
      to: { plan: { name: 'practice-per-clinic', version: 1 }, quantity: 2, monthlyPrice: { amountMinor: 198_000 } },
      difference: { modulesAdded: ['claims', 'reporting'], yearlyPrice: { amountMinor: 588_000 } },
      cost: { estimate: true, pricesAsOf: '2026-11-01', priceTable: { name: 'aws-estimate' } },
      approval: { approvals: 1 },
    });
    const { used, credit, invoiced } = body.proration;
    expect(used.amountMinor + credit.amount.amountMinor).toBe(invoiced.amountMinor);
    expect(body.hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await api.get(`/v1/quotes/${body.id}`)).body).toEqual(body);
    await expect(asSuperuser(api, `update control.quotes set hash = hash where id = $1`, [body.id])).rejects.toThrow(
      'final',
    );
  });

  it.each([
    ['nothing changes', { plan: 'clinic-per-provider', quantity: 10 }, 'nothing_to_change'],
    ['there is no such plan', { plan: 'gold' }, 'unknown_plan'],
    ['the tier is not sold with it', { tier: 'dedicated' }, 'tier_not_in_plan'],
    ['so many are not sold', { quantity: 41 }, 'invalid_quantity'],
    ['the day is over', { effectiveOn: '2020-01-01' }, 'invalid_effective_date'],
    ['the day is no day', { effectiveOn: '2027-02-30' }, 'invalid_date'],
  ])('is refused when %s', async (_, target, code) => {
    expect(await quote(target)).toMatchObject({ status: 422, body: { errorCode: code } });
  });

  it('needs a price table, and says how to get one', async () => {
    const move = (from: string, to: string) => asSuperuser(api, `alter table control.${from} rename to ${to}`);
    await move('price_tables', 'price_tables_away');
    await asSuperuser(api, 'create view control.price_tables as select * from control.price_tables_away where false');
    await asSuperuser(api, 'grant select on control.price_tables to bulkhead_api');
    const answer = await quote();
    await asSuperuser(api, 'drop view control.price_tables');
    await move('price_tables_away', 'price_tables');
    expect(answer).toMatchObject({ status: 409, body: { errorCode: 'price_table_missing' } });
    expect(answer.body.remediation).toContain('tenant-templates/prices');
  });

  it('is made by sales for active tenants only', async () => {
    const body = { tenantId: id, quantity: 3 };
    expect((await api.post('/v1/quotes', body, as(fixture.approver))).status).toBe(403);
    await api.post(`/v1/tenants/${id}/suspend`, { reason: 'unpaid' });
    expect((await quote()).body.errorCode).toBe('tenant_not_active');
  });
});

describe('the customer’s page', () => {
  const page = (path: string) => api.send({ url: path, token: null });

  it('shows the state, and nothing else', async () => {
    const asked = await quote();
    const key = 'link-once';
    const body = {
      quoteId: asked.body.id,
      quoteHash: asked.body.hash,
      reason: 'secret reason',
      contactEmail: 'a@b.example',
    };
    const made = await api.post('/v1/change-requests', body, { ...as(fixture.sales), key });
    const shown = await page(made.body.statusPath);
    expect(shown.status).toBe(200);
    expect(shown.text).toContain('Your change request is waiting for approval');
    for (const hidden of [
      'secret reason',
      'a@b',
      'ten_',
      'chg_',
      'quo_',
      'USD',
      '149',
      'Riverside',
      'sally',
      made.body.statusPath,
    ])
      expect(shown.text).not.toContain(hidden);
    expect(shown.headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cache-control': 'no-store',
    });
    await act(made.body.change.id, 'approve', { hash: asked.body.hash }, fixture.approver);
    expect((await page(made.body.statusPath)).text).toContain('was approved');
    expect((await api.post('/v1/change-requests', body, { ...as(fixture.sales), key })).body.statusPath).toBeNull();
    const secret = made.body.statusPath.split('/').at(-1);
    const stored = await asSuperuser(api, `select to_jsonb(c) as row from control.change_requests c`);
    expect(JSON.stringify([stored, await api.leaves(), api.logged])).not.toContain(secret);
  });

  it('is not found by guessing', async () => {
    for (const secret of ['x', 'A'.repeat(43), `${'A'.repeat(42)}%00`])
      expect((await page(`/status/${secret}`)).text).not.toContain('Asked for');
    expect((await page(`/status/${'A'.repeat(43)}`)).status).toBe(404);
  });
});

describe('a file of requests', () => {
  const send = (text: string | Uint8Array, query = '', key?: string) =>
    api.post(
      `/v1/change-requests/import${query}`,
      { csvBase64: Buffer.from(text).toString('base64') },
      { ...as(fixture.sales), ...(key && { key }) },
    );

  it('is carried out row by row, with a result for each', async () => {
    const [second, third] = [await api.onboard(), await api.onboard()];
    const lines = [
      'tenant,plan,quantity,reason',
      `${id},practice-per-clinic,2,renewal`,
      `${second.tenantId},practice-per-clinic,2,=1+1`,
      `${third.tenantId},gold,2,renewal`,
      'nobody,practice-per-clinic,2,renewal',
      `${id},practice-per-clinic,3,again`,
    ];
    const text = Buffer.concat([Buffer.from(lines.join('\n')), Buffer.from('\nx,y,1,'), Buffer.from([0xff])]);
    const codes = (answer: Answer) =>
      answer.body.rows.map((row: { error: { code: string } | null }) => row.error?.code ?? 'ok');
    const dry = await api.effectOf(() => send(text, '?dry_run=true'));
    expect(codes(dry.answer)).toEqual(['ok', 'csv_formula', 'unknown_plan', 'tenant_not_found', 'ok', 'csv_encoding']);
    expect(dry.grown['change_requests']).toBeUndefined();
    const first = await send(text, '', 'file-1');
    expect(first.status).toBe(200);
    expect(codes(first)).toEqual([
      'ok',
      'csv_formula',
      'unknown_plan',
      'tenant_not_found',
      'change_in_progress',
      'csv_encoding',
    ]);
    const again = await send(text, '', 'file-1');
    expect(again.body.rows[0].change.id).toBe(first.body.rows[0].change.id);
    expect((await api.get(`/v1/change-requests?tenant=${id}`)).body.data).toHaveLength(1);
  });

  it('is refused as a whole when it is none', async () => {
    expect(await send('hello')).toMatchObject({ status: 422, body: { errorCode: 'invalid_csv' } });
    expect((await api.post('/v1/change-requests/import', { csvBase64: '§' }, as(fixture.sales))).status).toBe(400);
  });
});
