import {
  BeginRemedy,
  ConfirmRemedy,
  EndDrift,
  RecordDrift,
  RecordStack,
  ReleaseChange,
  ReportOperation,
  SettleRemedy,
} from '@bulkhead/control';
import type { FoundDrift } from '@bulkhead/domain/drift';
import { newId, type ChangeId, type DriftRunId, type OperationId, type TenantId } from '@bulkhead/kernel';
import { ApiFixture, type Answer } from './testing/api.fixture.js';
import { asSuperuser } from './testing/token-tools.js';

// What a comparison found, and what people decide about it. The worker's part is played with its own commands.

let api: ApiFixture;
let tenantId: TenantId;
let stack: string;
let [olga, anna, bert, ci, sally]: string[] = [];
beforeAll(async () => {
  api = await ApiFixture.start();
  await api.standUpRegion();
  olga = await api.issuer.token({ roles: ['platform-admin', 'approver'], sub: 'olga' });
  anna = await api.issuer.token({ roles: ['approver'], sub: 'anna' });
  bert = await api.issuer.token({ roles: ['approver'], sub: 'bert' });
  sally = await api.issuer.token({ roles: ['sales-ops'], sub: 'sally' });
  ci = await api.issuer.token({ roles: ['ci'], sub: 'pipeline' });
});
beforeEach(async () => {
  ({ tenantId } = await api.onboard());
  stack = `dedicated-tenant.${newId('stack')}`;
  await recordState('{}');
});
afterAll(() => api.stop());

const resource = () => `urn:pulumi:${stack}::bulkhead::aws:sqs/queue:Queue::queue-queue`;
const recordState = (policy: string) => {
  const state = { resources: [{ urn: resource(), type: 'aws:sqs/queue:Queue', inputs: { policy } }], pending: 0 };
  return api.asWorker(new RecordStack({ stack, state, appliedDigest: null }));
};
const found = (changes: Partial<FoundDrift> = {}): FoundDrift => ({
  ...{ stack, kind: 'changed', type: 'aws:sqs/queue:Queue', resource: resource(), name: 'queue-queue', owner: null },
  ...{ tenantId, layer: 'queue', stateful: true, upshot: 'update' },
  properties: [{ path: 'visibilityTimeoutSeconds', before: '30', after: '77' }],
  ...changes,
});
const orphan = (changes: Partial<FoundDrift> = {}): FoundDrift =>
  found({ kind: 'orphan', resource: `aws:sqs/queue:Queue ${stack}`, upshot: 'same', properties: [], ...changes });

/** One comparison from its beginning to its end, as the worker reports it. */
async function compare(
  drifts: readonly FoundDrift[],
  {
    outcome = 'compared',
    orphans,
    unsettled = [],
    region = 'us-east-1',
  }: { outcome?: 'compared' | 'skipped'; orphans?: readonly FoundDrift[]; unsettled?: string[]; region?: string } = {},
): Promise<DriftRunId> {
  const { run, operation } = (await api.post('/v1/drift-runs', {}, { token: ci! })).body;
  const why = outcome === 'compared' ? null : 'op_1 is working on it';
  const stacks = [{ stack, outcome, why, found: drifts, unsettled }];
  await api.asWorker(
    new RecordDrift({ driftRunId: run.id, stacks, ...(orphans && { sweep: { region, orphans, unsettled } }) }),
  );
  await api.asWorker(new EndDrift({ driftRunId: run.id, state: 'finished' }));
  await api.finish(operation.id);
  return run.id;
}
const findings = async (query = '') => (await api.get(`/v1/drift-findings?stack=${stack}${query}`)).body.data;
const ask = async (remedy: 'repair' | 'adopt', body: object = {}): Promise<Answer> => {
  const [{ id }] = await findings('&state=open');
  return api.post(`/v1/drift-findings/${id}/${remedy}`, { reason: 'by hand', ...body }, { token: olga! });
};
const act = (id: string, verb: string, body: object, token = olga!) =>
  api.post(`/v1/change-requests/${id}/${verb}`, body, { token });
const apply = ({ body }: Answer) => act(body.id, 'apply', { quoteHash: body.hash });
async function approved(remedy: 'repair' | 'adopt', body: object = {}, by = [anna!]): Promise<Answer> {
  const asked = await ask(remedy, body);
  for (const token of by) await act(asked.body.id, 'approve', { hash: asked.body.hash }, token);
  return asked;
}

describe('a comparison', () => {
  it('is an operation, one at a time, that says what became of each stack', async () => {
    const { status, headers, body } = await api.post('/v1/drift-runs', { tenantId }, { token: ci! });
    expect([status, headers['location']]).toEqual([202, `/v1/operations/${body.operation.id}`]);
    expect(body.run).toMatchObject({ state: 'running', tenantId, stacks: [], orphans: null });
    expect((await api.post('/v1/drift-runs', { tenantId })).body.errorCode).toBe('operation_in_progress');
    const fleet = (await api.post('/v1/drift-runs', {})).body;
    expect((await api.post('/v1/drift-runs', {})).body.errorCode).toBe('operation_in_progress');
    await api.asWorker(new EndDrift({ driftRunId: fleet.run.id, state: 'failed' }));
    await api.finish(fleet.operation.id);
    await api.asWorker(new EndDrift({ driftRunId: body.run.id, state: 'failed' }));
    await api.finish(body.operation.id);
    const id = await compare([found()], { orphans: [] });
    expect((await api.get(`/v1/drift-runs/${id}`)).body).toMatchObject({
      state: 'finished',
      stacks: [{ stack, outcome: 'compared', why: null, findings: 1 }],
      orphans: 0,
    });
    const leaf = (await api.leaves()).findLast(({ action }) => action === 'drift.record');
    expect(leaf).toMatchObject({ details: { compared: 1, notCompared: [], findings: 1, orphans: 0 } });
  });

  it('is refused for a tenant that is not there, and for a role that may not', async () => {
    expect((await api.post('/v1/drift-runs', { tenantId: newId('tenant') })).status).toBe(404);
    expect((await api.post('/v1/drift-runs', {}, { token: anna! })).status).toBe(403);
  });

  it('finds the same drift again as the same finding, and closes it when it is gone', async () => {
    await compare([found()]);
    const [first] = await findings();
    expect(first).toMatchObject({ state: 'open', kind: 'changed', tenantId, layer: 'queue', resolvedAt: null });
    await compare([found({ properties: [{ path: 'visibilityTimeoutSeconds', before: '30', after: '78' }] })]);
    const [second, ...others] = await findings();
    expect([second.id, second.properties[0].after, others]).toEqual([first.id, '78', []]);
    expect(Date.parse(second.lastSeenAt)).toBeGreaterThan(Date.parse(first.lastSeenAt));
    await compare([]);
    expect(await findings()).toMatchObject([{ id: first.id, state: 'resolved', resolution: 'gone' }]);
    await compare([found()]);
    expect((await findings()).map(({ state }: { state: string }) => state)).toEqual(['open', 'resolved']);
  });

  it('concludes nothing of a stack that it skipped, and keeps what is only half mended', async () => {
    await compare([found()]);
    await compare([], { outcome: 'skipped' });
    expect(await findings('&state=open')).toHaveLength(1);
    await compare([], { unsettled: [resource()] });
    expect(await findings('&state=open')).toHaveLength(1);
  });

  it('keeps orphans until a sweep does not find them any more, whatever becomes of stacks', async () => {
    await compare([], { orphans: [orphan({ tenantId: newId('tenant') })] });
    expect(await findings('&kind=orphan')).toMatchObject([{ state: 'open', tenantId: null }]);
    await compare([]);
    expect(await findings('&state=open')).toHaveLength(1);
    await compare([], { orphans: [] });
    expect(await findings('&state=open')).toEqual([]);
  });

  it('concludes nothing of orphans that it could not judge, or where it did not look', async () => {
    await compare([], { orphans: [orphan()] });
    await compare([], { orphans: [], unsettled: [orphan().resource] });
    expect(await findings('&state=open')).toHaveLength(1);
    await compare([], { orphans: [], region: 'eu-central-1' });
    expect(await findings('&state=open')).toHaveLength(1);
    await compare([], { orphans: [] });
    expect(await findings('&state=open')).toEqual([]);
  });
});

describe('a remedy', () => {
  it('is asked for, approved by somebody else, applied by its hash, and closes the finding', async () => {
    await compare([found()]);
    const asked = await ask('repair');
    expect(asked).toMatchObject({
      status: 201,
      body: { kind: 'drift-repair', state: 'pending', tenantId, approvalsNeeded: 1, remedy: { action: 'update' } },
    });
    expect((await apply(asked)).body.errorCode).toBe('approval_required');
    expect((await act(asked.body.id, 'approve', { hash: asked.body.hash })).body.errorCode).toBe('self_approval');
    await act(asked.body.id, 'approve', { hash: asked.body.hash }, anna);
    expect((await act(asked.body.id, 'apply', { quoteHash: 'f'.repeat(64) })).body.errorCode).toBe('request_stale');
    const applying = await apply(asked);
    expect(applying.status).toBe(202);
    const call = { operationId: applying.body.operation.id as OperationId, changeId: asked.body.id as ChangeId };
    expect(await api.asWorker(new BeginRemedy(call))).toMatchObject({ settled: false, wish: { resource: resource() } });
    await api.asWorker(new SettleRemedy(call));
    await api.asWorker(new SettleRemedy(call));
    expect(await api.asWorker(new BeginRemedy(call))).toMatchObject({ settled: true });
    expect(await findings()).toMatchObject([{ state: 'resolved', resolution: 'repaired' }]);
    expect((await api.get(`/v1/change-requests/${call.changeId}`)).body.state).toBe('applied');
    expect((await act(asked.body.id, 'apply', { quoteHash: asked.body.hash })).body.errorCode).toBe(
      'change_state_conflict',
    );
  });

  it('is refused once the finding has another value, is resolved, or the recorded state has moved', async () => {
    await compare([found()]);
    const other = await approved('repair');
    await compare([found({ properties: [{ path: 'visibilityTimeoutSeconds', before: '30', after: '99' }] })]);
    expect((await apply(other)).body.errorCode).toBe('finding_moved');
    await act(other.body.id, 'cancel', {});
    const moved = await approved('repair');
    await recordState('{"changed":true}');
    expect((await apply(moved)).body.errorCode).toBe('finding_moved');
    await act(moved.body.id, 'cancel', {});
    const resolved = await approved('repair');
    await compare([]);
    expect((await apply(resolved)).body.errorCode).toBe('finding_resolved');
  });

  it('is one for a finding at a time, and leaves room for a change of plan', async () => {
    await compare([found()]);
    const first = await ask('repair');
    expect((await ask('repair')).body.errorCode).toBe('remedy_in_progress');
    await act(first.body.id, 'cancel', {});
    expect((await ask('repair')).status).toBe(201);
  });

  it('that the template would undo, or that would change nothing, is refused with the way out', async () => {
    await compare([found()]);
    expect((await ask('adopt')).body).toMatchObject({
      errorCode: 'adoption_undone',
      remediation: expect.stringContaining('Change the template or the plan'),
    });
    await compare([found({ upshot: 'same' })]);
    expect((await ask('repair')).body.errorCode).toBe('nothing_to_repair');
    expect((await ask('adopt')).body).toMatchObject({ kind: 'drift-adopt', remedy: { action: 'believe' } });
  });

  it('replaces nothing that holds data', async () => {
    await compare([found({ upshot: 'replace' })]);
    expect((await ask('repair')).body).toMatchObject({
      errorCode: 'state_would_be_lost',
      remediation: expect.stringContaining('fleet plan'),
    });
  });

  it('makes nothing again that held data', async () => {
    await compare([found({ kind: 'gone', upshot: 'create', properties: [] })]);
    expect((await ask('repair')).body).toMatchObject({
      errorCode: 'state_is_gone',
      remediation: expect.stringContaining('Restore it'),
    });
  });

  it('that deletes takes two people and no legal hold, at any of its steps', async () => {
    await compare([], { orphans: [orphan({ owner: newId('binding') })] });
    const asked = await approved('repair');
    expect((await apply(asked)).body.errorCode).toBe('approval_required');
    const hold = await api.post('/v1/legal-holds', { tenantId, matter: 'Doe', reason: 'letter' });
    expect((await act(asked.body.id, 'approve', { hash: asked.body.hash }, bert)).body.errorCode).toBe('legal_hold');
    await api.post(`/v1/legal-holds/${hold.body.id}/release`, { reason: 'settled' });
    await act(asked.body.id, 'approve', { hash: asked.body.hash }, bert);
    const again = await api.post('/v1/legal-holds', { tenantId, matter: 'Doe', reason: 'letter' });
    expect((await apply(asked)).body.errorCode).toBe('legal_hold');
    await api.post(`/v1/legal-holds/${again.body.id}/release`, { reason: 'settled' });
    const call = {
      operationId: (await apply(asked)).body.operation.id as OperationId,
      changeId: asked.body.id as ChangeId,
    };
    const other = { ...call, operationId: newId('operation') };
    await expect(api.asWorker(new ConfirmRemedy(other))).rejects.toMatchObject({ code: 'finding_moved' });
    await api.asWorker(new ConfirmRemedy(call));
    const late = await api.post('/v1/legal-holds', { tenantId, matter: 'Doe', reason: 'letter' });
    expect(late).toMatchObject({ status: 409, body: { errorCode: 'destruction_in_progress', retryable: true } });
    expect(late.body.remediation).toContain(`/v1/operations/${call.operationId}/cancel`);
    // As one that came with a tenant that moved in since.
    await asSuperuser(
      api,
      `insert into control.legal_holds (id, tenant_id, matter, reason, placed_by) values ($1, $2, 'Doe', 'letter', 'x')`,
      [newId('legalHold'), tenantId],
    );
    await compare([], { orphans: [] });
    await expect(api.asWorker(new ConfirmRemedy(call))).rejects.toMatchObject({ code: 'legal_hold' });
    await api.asWorker(new ReleaseChange(call));
    await expect(api.asWorker(new BeginRemedy(call))).rejects.toMatchObject({ code: 'finding_moved' });
  });

  it('that shortens how long data is kept takes two people and no legal hold', async () => {
    const properties = [{ path: 'backupRetentionPeriod', before: '7', after: '35' }];
    await compare([found({ type: 'aws:rds/instance:Instance', properties })]);
    const asked = await ask('repair');
    expect(asked.body).toMatchObject({ approvalsNeeded: 2, remedy: { action: 'update', destructive: true } });
    await act(asked.body.id, 'cancel', {});
    await api.post('/v1/legal-holds', { tenantId, matter: 'Doe', reason: 'letter' });
    expect((await ask('repair')).body.errorCode).toBe('legal_hold');
  });

  it('never deletes what a placement in use is named by', async () => {
    const { body } = await api.get('/v1/fleet/tenants?limit=1', { token: ci! });
    await compare([], { orphans: [orphan({ owner: body.data[0].bindings[0].bindingId })] });
    expect((await ask('repair')).body.errorCode).toBe('orphan_in_use');
  });

  it('that was refused by the worker is approved again and says why', async () => {
    await compare([found()]);
    const asked = await approved('repair');
    const { operation } = (await apply(asked)).body;
    const operationId = operation.id as OperationId;
    const error = { code: 'finding_moved', message: 'It moved.', remediation: 'Ask again.' };
    await api.asWorker(new ReportOperation({ operationId, state: 'running' }));
    await api.asWorker(new ReportOperation({ operationId, state: 'compensating', error }));
    await api.asWorker(new ReleaseChange({ operationId, changeId: asked.body.id }));
    expect((await api.get(`/v1/change-requests/${asked.body.id}`)).body).toMatchObject({
      state: 'approved',
      failure: error,
    });
    await api.asWorker(new ReportOperation({ operationId, state: 'failed', error }));
  });

  it('can be scheduled for a day, and not be applied before', async () => {
    await compare([found()]);
    const effectiveOn = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    const asked = await approved('repair', { effectiveOn });
    expect((await apply(asked)).body.errorCode).toBe('change_not_due');
    expect((await act(asked.body.id, 'schedule', { quoteHash: asked.body.hash })).body.state).toBe('scheduled');
  });

  it('is asked for, started and stopped by platform admins only', async () => {
    await compare([found()]);
    const asked = await approved('repair');
    const quoteHash = asked.body.hash;
    for (const [verb, body] of Object.entries({ apply: { quoteHash }, schedule: { quoteHash }, cancel: {} }))
      expect((await act(asked.body.id, verb, body, sally)).body).toMatchObject({ status: 403, errorCode: 'forbidden' });
    await act(asked.body.id, 'cancel', {});
    const [{ id }] = await findings();
    expect((await api.post(`/v1/drift-findings/${id}/repair`, { reason: 'x' }, { token: ci! })).status).toBe(403);
    expect((await api.post(`/v1/drift-findings/${newId('driftFinding')}/repair`, { reason: 'x' })).status).toBe(404);
  });
});
