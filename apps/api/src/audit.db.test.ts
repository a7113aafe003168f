import { generateKeyPairSync } from 'node:crypto';
import { createCheckpointSigner, verifyExport, type CheckpointSigner } from '@bulkhead/domain/audit';
import { AuditSequencer, openControlDatabase } from '@bulkhead/store';
import type { DataSource } from 'typeorm';
import { ApiFixture, tenantBody } from './testing/api.fixture.js';

let signer: CheckpointSigner;
let api: ApiFixture;
let source: DataSource;
let sequencer: AuditSequencer;
let token: string;

beforeAll(async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  signer = createCheckpointSigner(
    privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'bulkhead.test/audit',
  );
  api = await ApiFixture.start({ auditPublicKeys: [signer.publicKey] });
  token = await api.issuer.token({ sub: 'otto', roles: ['auditor'] });
  source = await openControlDatabase(api.database.workerUrl, 2);
  const anchor = { put: async (name: string) => `test://${name}` };
  const onError = (error: unknown): never => {
    throw error;
  };
  sequencer = new AuditSequencer({ source, signer, anchor, onError });
  await api.standUpRegion();
  await api.post('/v1/tenants', tenantBody());
  await sequencer.integrateBatch();
});
afterAll(async () => {
  await source.destroy();
  await api.stop();
});

describe('the audit log over HTTP', () => {
  it('shows who did what, newest first, page by page and filtered', async () => {
    const { body } = await api.get('/v1/audit/events?limit=2', { token });
    expect(body).toMatchObject({
      hasMore: true,
      data: [{ action: 'tenant.create', outcome: 'accepted', actor: { id: 'ada' } }, {}],
    });
    const [newest, second] = body.data;
    expect(newest.index - second.index).toBe(1);
    const rest = await api.get(`/v1/audit/events?starting_after=${second.index}`, { token });
    expect(rest.body).toMatchObject({ hasMore: false });
    expect(rest.body.data).toHaveLength(second.index);
    expect((await api.get(`/v1/audit/events?tenant=${newest.tenantId}`, { token })).body.data).toHaveLength(1);
    expect(
      (await api.get(`/v1/audit/events?operation=${newest.operationId}&action=tenant.create`, { token })).body.data,
    ).toEqual([newest]);
  });

  it('is exported whole and in parts as files that verify offline', async () => {
    const before = (await api.get('/v1/audit/checkpoint', { token })).body;
    await api.post('/v1/tenants', tenantBody());
    await sequencer.integrateBatch();
    const { size } = (await api.get('/v1/audit/checkpoint', { token })).body;
    expect(size).toBe(before.size + 1);
    const verdict = async (range: string) => {
      const { text, headers } = await api.get(`/v1/audit/export${range}`, { token });
      expect(headers['content-type']).toContain('application/jsonl');
      return verifyExport(text.trimEnd().split('\n'), [signer.publicKey]);
    };
    expect(await verdict('')).toMatchObject({ ok: true, from: 0, to: size, count: size });
    expect(await verdict(`?from=2&to=${size - 1}`)).toMatchObject({ ok: true, count: size - 3 });
    expect((await api.get(`/v1/audit/export?to=${size + 1}`, { token })).body).toMatchObject({
      status: 404,
      errorCode: 'audit_index_out_of_range',
    });
  });

  it('proves inclusion and consistency', async () => {
    const { size, root } = (await api.get('/v1/audit/checkpoint', { token })).body;
    expect((await api.get('/v1/audit/proofs/inclusion?index=0', { token })).body).toMatchObject({
      index: 0,
      size,
      root,
    });
    expect((await api.get(`/v1/audit/proofs/consistency?first=1&second=${size}`, { token })).body).toMatchObject({
      first: 1,
      second: size,
    });
    expect((await api.get(`/v1/audit/proofs/inclusion?index=${size}`, { token })).status).toBe(404);
    expect((await api.get('/v1/audit/proofs/consistency?first=1', { token })).body).toMatchObject({
      status: 400,
      errorCode: 'invalid_request',
    });
  });

  it.each(['sales-ops', 'approver', 'ci'])('is closed to the role %s', async (role) => {
    const other = await api.issuer.token({ roles: [role] });
    for (const path of [
      'events',
      'checkpoint',
      'export',
      'proofs/inclusion?index=0',
      'proofs/consistency?first=0&second=1',
    ]) {
      expect((await api.get(`/v1/audit/${path}`, { token: other })).status).toBe(403);
    }
  });
});
