import type { AddressInfo } from 'node:net';
import { ReportOperation } from '@bulkhead/control';
import { waitFor, type OperationId } from '@bulkhead/kernel';
import pg from 'pg';
import { ApiFixture, tenantBody, type Answer } from './testing/api.fixture.js';

let api: ApiFixture;
let database: pg.Client;
let superuser: pg.Client;
beforeAll(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
  database = new pg.Client(api.database.workerUrl);
  await database.connect();
  superuser = new pg.Client(api.database.superuserUrl);
  await superuser.connect();
});
afterAll(async () => {
  await database.end();
  await superuser.end();
  await api.stop();
});

async function onboarding(): Promise<OperationId> {
  return (await api.post('/v1/tenants', tenantBody())).body.operation.id;
}

const report = (operationId: OperationId, state: ReportOperation['report']['state']) =>
  api.asWorker(new ReportOperation({ operationId, state }));

async function outbox(id: OperationId): Promise<unknown[]> {
  const { rows } = await database.query(
    'select action, message from control.outbox where operation_id = $1 order by id',
    [id],
  );
  return rows;
}

const act = (id: OperationId, verb: 'retry' | 'cancel', token?: string): Promise<Answer> =>
  api.send({ method: 'POST', url: `/v1/operations/${id}/${verb}`, ...(token !== undefined && { token }) });

describe('operations', () => {
  it('are listed newest first and filtered by tenant, state and kind', async () => {
    const { tenant, operation } = (await api.post('/v1/tenants', tenantBody())).body;
    const ids = async (query: string): Promise<string[]> =>
      (await api.get(`/v1/operations?${query}`)).body.data.map(({ id }: { id: string }) => id);
    expect(await ids(`tenant=${tenant.id}`)).toEqual([operation.id]);
    expect(await ids('state=queued&limit=1')).toEqual([operation.id]);
    expect(await ids(`tenant=${tenant.id}&state=failed`)).toEqual([]);
    expect(await ids('kind=cell.create')).toHaveLength(1);
    expect((await api.get('/v1/operations?state=lost')).status).toBe(400);
  });

  it('show for each step its attempt, what it waits for and why it failed', async () => {
    const id = await onboarding();
    const error = { code: 'roster_busy', message: 'The roster is busy.', remediation: 'Wait.' };
    await database.query(
      `update control.operation_steps set state = 'waiting', attempt = 3, waiting_for = 'a roster run', detail = 'line 2',
        error = $2, started_at = now() where operation_id = $1 and name = 'register_pooled_layers'`,
      [id, error],
    );
    const { steps } = (await api.get(`/v1/operations/${id}`)).body;
    expect(steps[1]).toEqual({
      name: 'register_pooled_layers',
      ordinal: 2,
      state: 'waiting',
      attempt: 3,
      waitingFor: 'a roster run',
      detail: 'line 2',
      error,
      startedAt: expect.stringMatching(/Z$/),
      finishedAt: null,
    });
  });
});

describe('POST /v1/operations/{id}/retry', () => {
  it('signals the workflow of an operation that needs attention, once', async () => {
    const id = await onboarding();
    expect(await act(id, 'retry')).toMatchObject({ status: 409, body: { errorCode: 'operation_not_waiting' } });
    await report(id, 'running');
    await report(id, 'needs_attention');
    expect(await act(id, 'retry')).toMatchObject({ status: 202, body: { id, state: 'running' } });
    expect((await outbox(id)).slice(1)).toEqual([{ action: 'signal', message: { signal: 'retry' } }]);
    expect(await act(id, 'retry')).toMatchObject({ status: 409 });
  });
});

describe('POST /v1/operations/{id}/cancel', () => {
  it('asks the workflow to undo what it has done, once, and not after the end', async () => {
    const id = await onboarding();
    expect(await act(id, 'cancel')).toMatchObject({ status: 202, body: { id, state: 'cancelling' } });
    expect((await outbox(id)).slice(1)).toEqual([{ action: 'cancel', message: {} }]);
    expect(await act(id, 'cancel')).toMatchObject({ status: 409, body: { errorCode: 'operation_not_cancellable' } });
    await report(id, 'cancelled');
    const { answer, grown } = await api.effectOf(() => act(id, 'cancel'));
    expect(answer).toMatchObject({ status: 409, body: { detail: expect.stringContaining('cancelled') } });
    expect(grown).toEqual({ audit_queue: 1 });
  });

  it.each(['retry', 'cancel'] as const)('lets only platform admins %s, and knows unknown ids', async (verb) => {
    const id = await onboarding();
    const token = await api.issuer.token({ roles: ['auditor', 'ci', 'approver', 'sales-ops'] });
    expect(await act(id, verb, token)).toMatchObject({ status: 403 });
    expect(await outbox(id)).toHaveLength(1);
    expect(await act(`${id.slice(0, -4)}0000` as OperationId, verb)).toMatchObject({
      status: 404,
      body: { errorCode: 'operation_not_found' },
    });
  });

  it('takes no fields', async () => {
    const id = await onboarding();
    expect(await api.post(`/v1/operations/${id}/cancel`, { tenantId: 'ten_1' })).toMatchObject({
      status: 400,
      body: { errorCode: 'invalid_request' },
    });
    expect(await outbox(id)).toHaveLength(1);
  });
});

describe('GET /v1/operations/{id}/events', () => {
  beforeAll(() => api.app.listen(0, '127.0.0.1'));

  async function open(id: OperationId, { to = api, token }: { to?: ApiFixture; token?: string } = {}) {
    const { port } = to.app.getHttpServer().address() as AddressInfo;
    const leaving = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${port}/v1/operations/${id}/events`, {
      headers: { authorization: `Bearer ${token ?? to.adminToken}` },
      signal: leaving.signal,
    });
    return { answer, leave: () => leaving.abort() };
  }
  async function listen(id: OperationId, to = api): Promise<{ read: () => Promise<string>; leave: () => void }> {
    const { answer, leave } = await open(id, { to });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    return { read: async () => (await reader.read()).value ?? '', leave };
  }

  /** Whether the API has not looked at the steps of an operation for three turns of its polling. */
  async function isQuiet(): Promise<boolean> {
    const { rows } = await superuser.query(
      `select max(query_start) < now() - interval '1 second' as quiet from pg_stat_activity
        where datname = current_database() and usename = 'bulkhead_api' and query like '%operation_steps%'`,
    );
    return rows[0].quiet as boolean;
  }

  it('tells the whole state, then what changes, then the end, and closes', async () => {
    const id = await onboarding();
    const { read } = await listen(id);
    const first = await read();
    expect(first).toMatch(/^event: operation\ndata: \{"id":"op_.*"state":"queued"/);
    expect(first.match(/event: step\n/g)).toHaveLength(9);
    await report(id, 'running');
    const second = await read();
    expect(second).toContain('"state":"running"');
    expect(second).not.toContain('event: step');
    await database.query(
      `update control.operation_steps set state = 'running', attempt = 1 where operation_id = $1 and ordinal = 1`,
      [id],
    );
    const third = await read();
    expect(third).toMatch(/^event: step\ndata: \{"name":"reserve_placement"/);
    expect(third).not.toContain('event: operation');
    await report(id, 'succeeded');
    let last = '';
    await waitFor('the end', async () => (last += await read()).includes('event: end'));
    expect(last).toContain('event: end\ndata: {"state":"succeeded"}\n\n');
    expect(await read()).toBe('');
  });

  it('stops looking when the listener has left', async () => {
    const id = await onboarding();
    const { read, leave } = await listen(id);
    await read();
    leave();
    expect(await waitFor('the polling to stop', isQuiet)).toBe(true);
  });

  it('may be open twenty times for one caller, and again for each that is closed', async () => {
    const id = await onboarding();
    const token = await api.issuer.token({ roles: ['platform-admin'], sub: 'many-eyes' });
    const opened = await Promise.all(Array.from({ length: 20 }, () => open(id, { token })));
    expect(opened.map(({ answer }) => answer.status)).toEqual(Array(20).fill(200));
    const { answer } = await open(id, { token });
    expect([answer.status, await answer.json()]).toEqual([
      429,
      expect.objectContaining({ errorCode: 'too_many_streams', retryable: true, remediation: expect.any(String) }),
    ]);
    const other = await open(id);
    expect(other.answer.status).toBe(200);
    opened[0]?.leave();
    const again = await waitFor('its place', async () => {
      const next = await open(id, { token });
      if (next.answer.status === 200) return next;
      await next.answer.text();
      return undefined;
    });
    for (const { leave } of [...opened, other, again]) leave();
  });

  it('ends without `end` when the API stops, which does not wait for its listeners', async () => {
    const other = await ApiFixture.start();
    await other.app.listen(0, '127.0.0.1');
    const { operation } = (await other.post('/v1/landing-zones', { region: 'us-east-1' })).body;
    const { read } = await listen(operation.id, other);
    expect(await read()).toContain('event: operation');
    await other.stop();
    expect(await read().catch(() => '')).toBe('');
  });

  it('needs a token and an operation', async () => {
    expect((await api.get('/v1/operations/op_1/events', { token: null })).status).toBe(401);
    expect((await api.get(`/v1/operations/op_${'0'.repeat(32)}/events`)).status).toBe(404);
  });
});
