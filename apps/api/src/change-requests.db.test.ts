import {
  ChangeReader,
  DueChanges,
  ExpireChange,
  ReleaseChange,
  ReportOperation,
  SwitchPlan,
  UnscheduleChange,
} from '@bulkhead/control';
import type { OperationId, TenantId } from '@bulkhead/kernel';
import type { Answer, ApiFixture } from './testing/api.fixture.js';
import { openControlDatabase } from '@bulkhead/store';
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
const request = (asked: Answer, more: object = {}, token = fixture.sales) => fixture.request(asked, more, token);
const act = (changeId: string, verb: string, body?: object, token = fixture.sales) =>
  fixture.act(changeId, verb, body, token);
const change = (changeId: string) => fixture.change(changeId);
const approved = (target: object = {}) => fixture.approved(id, target);
const expire = (changeId: string) =>
  asSuperuser(
    api,
    `alter table control.quotes disable trigger quotes_final;
     update control.quotes set expires_at = now() - interval '1 hour' where id =
       (select quote_id from control.change_requests where id = '${changeId}');
     alter table control.quotes enable trigger quotes_final`,
  );

/** What the worker does by the clock. */
async function settleDue(): Promise<number> {
  const source = await openControlDatabase(api.database.workerUrl, 1);
  try {
    return await new DueChanges(new ChangeReader(source), { execute: (command) => api.asWorker(command) }).settle();
  } finally {
    await source.destroy();
  }
}

describe('a change request', () => {
  it('goes from a quote to an applied plan', async () => {
    const { changeId, quoteHash } = await approved();
    expect(await change(changeId)).toMatchObject({ state: 'approved', decisions: [{ decision: 'approve' }] });
    const { status, body, headers } = await act(changeId, 'apply', { quoteHash });
    expect([status, headers['location']]).toEqual([202, `/v1/operations/${body.operation.id}`]);
    const operationId = body.operation.id as OperationId;
    const billing = { subscriptionRef: 'sub_next', invoiceScheduleRef: 'sub_next' };
    const done = new SwitchPlan({ operationId, tenantId: id, changeId, billing });
    expect(await api.asWorker(done)).toEqual(await api.asWorker(done));
    await api.finish(operationId);
    expect(await change(changeId)).toMatchObject({ state: 'applied', operationId });
    const tenant = (await api.get(`/v1/tenants/${id}`)).body;
    expect(tenant).toMatchObject({ plan: { name: 'practice-per-clinic' }, quantity: 2 });
    const { data } = (await api.get(`/v1/tenants/${id}/entitlements`)).body;
    expect(data).toContainEqual(
      expect.objectContaining({ feature: 'clinics', ceiling: 2, source: 'plan:practice-per-clinic@1' }),
    );
    const subscription = (await api.get(`/v1/tenants/${id}/subscription`)).body;
    expect(subscription).toMatchObject({ subscriptionRef: 'sub_next', plan: { name: 'practice-per-clinic' } });
    const actions = (await api.leaves()).map(({ action }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(['quote.create', 'change_request.approve', 'change_request.switch_plan']),
    );
  });

  it('is refused for a tenant of the isolation proof, with its quote and from a file', async () => {
    const { body: earlier } = await quote();
    const { body: cell } = await api.get('/v1/cells');
    await asSuperuser(
      api,
      `update control.tenants set environment = 'sandbox', probe_of = '${cell.data[0].id}' where id = '${id}'`,
    );
    const refused = { status: 409, body: { errorCode: 'tenant_of_proof' } };
    expect(await quote()).toMatchObject(refused);
    expect(await request({ body: earlier } as Answer)).toMatchObject(refused);
    const csv = `tenant,plan,quantity,reason\n${id},practice-per-clinic,2,renewal\n`;
    const file = { csvBase64: Buffer.from(csv).toString('base64') };
    const { body } = await api.post('/v1/change-requests/import', file, { token: fixture.sales });
    expect(body.rows).toEqual([
      expect.objectContaining({ outcome: 'refused', error: expect.objectContaining({ code: 'tenant_of_proof' }) }),
    ]);
  });

  it('is one for a tenant at a time, also when two ask at once', async () => {
    const [one, two] = [await quote(), await quote({ quantity: 3 })];
    const answers = await Promise.all([request(one), request(two)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.errorCode).toBe('change_in_progress');
    const open = answers.find(({ status }) => status === 201)?.body.change.id;
    await act(open, 'cancel', undefined);
    expect((await request(two)).status).toBe(201);
  });

  it('with dry_run is checked and not made', async () => {
    const { id: quoteId, hash: quoteHash } = (await quote()).body;
    const { answer, grown } = await api.effectOf(() =>
      api.post('/v1/change-requests?dry_run=true', { quoteId, quoteHash, reason: 'renewal' }, as(fixture.sales)),
    );
    expect(answer).toMatchObject({
      status: 200,
      body: { dryRun: true, change: { state: 'pending', approvalsNeeded: 1 } },
    });
    expect(grown).toEqual({});
  });

  it('for a layer that the customer may not have is refused, naming what is missing', async () => {
    const facts = [{ name: 'providers', value: 47, source: 'contract', observedOn: '2026-01-05' }];
    await api.post(`/v1/tenants/${id}/facts`, { facts });
    const asked = await quote({ plan: 'enterprise-health-system', tier: 'hybrid-database', quantity: 1 });
    expect(asked.body).toMatchObject({ eligible: false, kind: 'placement' });
    const answer = await request(asked);
    expect(answer).toMatchObject({ status: 409, body: { errorCode: 'layer_not_eligible' } });
    expect(answer.body.detail).toContain('needs 3 more providers');
    expect(answer.body.errors[0]).toMatchObject({ pointer: '/layers/database' });
  });

  it('for a placement is approved by two and scheduled, and applying it says that moves do not exist yet', async () => {
    const fact = (name: string, value: unknown) => ({ name, value, source: 'contract', observedOn: '2026-01-05' });
    await api.post(`/v1/tenants/${id}/facts`, {
      facts: [fact('providers', 60), fact('integrations', 2), fact('storageGb', 8)],
    });
    const asked = await quote({ plan: 'enterprise-health-system', tier: 'hybrid-database', quantity: 1 });
    expect(asked.body).toMatchObject({
      eligible: true,
      move: { writePauseMs: { typical: 20 }, durationSeconds: 1900 },
    });
    const { id: changeId, approvalsNeeded } = (await request(asked)).body.change;
    expect(approvalsNeeded).toBe(2);
    const decision = { hash: asked.body.hash };
    const quoted = { quoteHash: asked.body.hash };
    expect((await act(changeId, 'approve', decision, fixture.approver)).body.state).toBe('pending');
    expect((await act(changeId, 'approve', decision, fixture.approver)).body.errorCode).toBe('already_decided');
    expect((await act(changeId, 'apply', quoted)).body.errorCode).toBe('approval_required');
    const second = await api.issuer.token({ roles: ['approver'], sub: 'bert' });
    expect((await act(changeId, 'approve', decision, second)).body.state).toBe('approved');
    expect((await act(changeId, 'schedule', quoted)).body.state).toBe('scheduled');
    const { answer, grown } = await api.effectOf(() => act(changeId, 'apply', quoted));
    expect(answer).toMatchObject({ status: 409, body: { errorCode: 'move_not_available' } });
    expect(grown).toEqual({ audit_queue: 1 });
    const failure = { code: 'move_not_available', message: 'm', remediation: 'r' };
    await api.asWorker(new UnscheduleChange(changeId, failure));
    expect(await change(changeId)).toMatchObject({ state: 'approved', failure });
  });

  it('is not approved by who asked for it, nor with a key of theirs', async () => {
    const both = await api.issuer.token({ roles: ['sales-ops', 'approver'], sub: 'carol' });
    const asked = await quote();
    const { id: changeId } = (await request(asked, {}, both)).body.change;
    const decision = { hash: asked.body.hash };
    expect(await act(changeId, 'approve', decision, both)).toMatchObject({
      status: 403,
      body: { errorCode: 'self_approval' },
    });
    const made = await api.post('/v1/api-keys', { name: 'mine', roles: ['approver'], expiresInDays: 1 }, as(both));
    const headers = { 'x-api-key': made.body.key as string, authorization: `Bearer ${made.body.key}` };
    const byKey = await api.send({
      method: 'POST',
      url: `/v1/change-requests/${changeId}/approve`,
      body: decision,
      token: null,
      headers,
    });
    expect(byKey).toMatchObject({ status: 403, body: { errorCode: 'self_approval' } });
    expect(await change(changeId)).toMatchObject({ state: 'pending', decisions: [] });
    expect((await act(changeId, 'approve', decision, fixture.sales)).body.errorCode).toBe('forbidden');
  });

  it('names the quote by its hash at each step', async () => {
    const asked = await quote();
    const stale = { quoteHash: 'f'.repeat(64) };
    expect((await request({ ...asked, body: { ...asked.body, hash: stale.quoteHash } })).body.errorCode).toBe(
      'quote_stale',
    );
    const { id: changeId } = (await request(asked)).body.change;
    for (const verb of ['approve', 'reject'])
      expect((await act(changeId, verb, { hash: stale.quoteHash }, fixture.approver)).body.errorCode).toBe(
        'quote_stale',
      );
    await act(changeId, 'approve', { hash: asked.body.hash }, fixture.approver);
    for (const verb of ['schedule', 'apply'])
      expect((await act(changeId, verb, stale)).body.errorCode).toBe('quote_stale');
  });

  it('is not opened when the tenant has changed since it was quoted', async () => {
    const asked = await quote();
    await asSuperuser(api, 'update control.tenants set quantity = 11 where id = $1', [id]);
    expect(await request(asked)).toMatchObject({ status: 409, body: { errorCode: 'quote_stale' } });
    expect((await request(await quote())).status).toBe(201);
  });

  it('is not applied when the tenant has changed since it was quoted', async () => {
    const { changeId, quoteHash } = await approved();
    await asSuperuser(api, 'update control.tenants set quantity = 11 where id = $1', [id]);
    const { answer, grown } = await api.effectOf(() => act(changeId, 'apply', { quoteHash }));
    expect(answer).toMatchObject({ status: 409, body: { errorCode: 'quote_stale' } });
    expect(grown).toEqual({ audit_queue: 1 });
    expect((await change(changeId)).state).toBe('approved');
  });

  it('is not applied before its day', async () => {
    const later = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    const { changeId, quoteHash } = await approved({ effectiveOn: later });
    expect((await act(changeId, 'apply', { quoteHash })).body.errorCode).toBe('change_not_due');
    expect((await act(changeId, 'schedule', { quoteHash })).body).toMatchObject({
      state: 'scheduled',
      effectiveOn: later,
    });
  });

  it('expires with its quote, and is then neither approved nor applied', async () => {
    const { changeId, quoteHash } = await approved();
    await expect(api.asWorker(new ExpireChange(changeId))).rejects.toMatchObject({ code: 'quote_not_expired' });
    await expire(changeId);
    // Whoever changes a stored quote changes more than its hash says.
    expect((await act(changeId, 'apply', { quoteHash })).status).toBe(500);
    expect(await api.asWorker(new ExpireChange(changeId))).toMatchObject({ state: 'expired' });
    expect((await act(changeId, 'cancel', undefined)).body.errorCode).toBe('change_state_conflict');
  });

  it('is approved again when it could not be applied', async () => {
    const { changeId, quoteHash } = await approved();
    const operationId = (await act(changeId, 'apply', { quoteHash })).body.operation.id as OperationId;
    expect((await act(changeId, 'cancel', undefined)).body.errorCode).toBe('change_state_conflict');
    const error = { code: 'billing_conflict', message: 'No.', remediation: 'Look.' };
    await api.asWorker(new ReportOperation({ operationId, state: 'running' }));
    await api.asWorker(new ReportOperation({ operationId, state: 'compensating', error }));
    const release = new ReleaseChange({ operationId, tenantId: id, changeId });
    await api.asWorker(release);
    await api.asWorker(release);
    await api.asWorker(new ReportOperation({ operationId, state: 'failed', error }));
    expect(await change(changeId)).toMatchObject({ state: 'approved', failure: error });
    expect((await act(changeId, 'apply', { quoteHash })).status).toBe(202);
    expect(await change(changeId)).toMatchObject({ state: 'applying', failure: null });
  });

  it('is closed by a rejection', async () => {
    const asked = await quote();
    const { id: changeId } = (await request(asked)).body.change;
    const answer = await act(changeId, 'reject', { hash: asked.body.hash, note: 'too cheap' }, fixture.approver);
    expect(answer.body).toMatchObject({ state: 'rejected', decisions: [{ decision: 'reject', note: 'too cheap' }] });
    expect((await request(await quote())).status).toBe(201);
    expect((await api.get(`/v1/change-requests?tenant=${id}&state=rejected`)).body.data).toHaveLength(1);
  });

  it('is applied by the worker on its day, once, and closed by it when it expires', async () => {
    const { changeId, quoteHash } = await approved();
    expect((await act(changeId, 'schedule', { quoteHash })).body.state).toBe('scheduled');
    await Promise.all([settleDue(), settleDue()]);
    const { state, operationId } = await change(changeId);
    expect([state, operationId]).toEqual(['applying', expect.stringMatching(/^op_/)]);
    const { data } = (await api.get(`/v1/operations?tenant=${id}&kind=change.apply`)).body;
    expect(data).toMatchObject([{ id: operationId, requestedBy: 'workload:worker' }]);
    const { tenantId } = await api.onboard();
    const late = await fixture.approved(tenantId);
    await expire(late.changeId);
    await settleDue();
    expect((await change(late.changeId)).state).toBe('expired');
  });

  it('that cannot be applied on its day stays approved, and says why', async () => {
    const { changeId, quoteHash } = await approved();
    await act(changeId, 'schedule', { quoteHash });
    await asSuperuser(api, 'update control.tenants set quantity = 11 where id = $1', [id]);
    await settleDue();
    expect(await change(changeId)).toMatchObject({ state: 'approved', failure: { code: 'quote_stale' } });
    expect(await settleDue()).toBe(0);
  });

  it('tells the vendor and the contact of each step, in the transaction of the step', async () => {
    const asked = await fixture.quote(id);
    const { id: changeId } = (await request(asked, { contactEmail: 'ada@clinic.example' })).body.change;
    await act(changeId, 'approve', { hash: asked.body.hash }, fixture.approver);
    await act(changeId, 'approve', { hash: asked.body.hash }, fixture.approver);
    const rows = await asSuperuser(
      api,
      `select channel, recipient, message from control.notifications where tenant_id = $1 order by id`,
      [id],
    );
    expect(rows.map(({ channel }) => channel)).toEqual(['webhook', 'email', 'webhook', 'email']);
    expect(rows[2]).toMatchObject({
      message: { type: 'change_request.approved', data: { id: changeId, tenantId: id, state: 'approved' } },
    });
    expect(rows[3]).toMatchObject({
      recipient: 'ada@clinic.example',
      message: { subject: 'Your change request was approved' },
    });
    expect(JSON.stringify(rows)).not.toMatch(/Minor|USD|quo_/);
  });
});
