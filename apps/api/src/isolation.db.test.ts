import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { RecordProof } from '@bulkhead/control';
import { createNoteSigner } from '@bulkhead/domain/audit';
import { finding, joinProofs, proofDigest, signProof, verifyProof, type ProofReport } from '@bulkhead/domain/isolation';
import { newId, type IsolationProofId } from '@bulkhead/kernel';
import { ApiFixture } from './testing/api.fixture.js';

let api: ApiFixture;
beforeAll(async () => {
  api = await ApiFixture.start();
});
afterAll(() => api.stop());

const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const signer = createNoteSigner(pem, 'bulkhead.test/audit');
const leak = finding('rls_missing', { target: 'cel_1', object: 'app.visit', detail: 'off', shown: 'static' });
const times = { startedAt: new Date(0), finishedAt: new Date(1) };
const target = { target: 'cel_1', kind: 'database' as const, checks: [{ name: 'attempts', looked: 100 }], voids: [] };
const leaky = joinProofs('live', times, [{ ...target, findings: [leak] }]);
const green = joinProofs('live', times, [{ ...target, findings: [] }]);
const record = (proofId: IsolationProofId, report: ProofReport) =>
  api.asWorker(new RecordProof({ proofId, signed: { report, note: signProof(signer, proofId, report) } }));

it('a proof is an operation; its signed report is there to read, as SARIF too, and cannot be written over', async () => {
  const started = await api.effectOf(() => api.post('/v1/isolation-proofs', {}));
  const { proof, operation } = started.answer.body;
  expect(started).toMatchObject({
    answer: {
      status: 202,
      headers: { location: `/v1/operations/${operation.id}` },
      body: { proof: { state: 'running' } },
    },
    grown: { isolation_proofs: 1, operations: 1, operation_steps: 2, outbox: 1, audit_queue: 1 },
  });
  expect((await api.get(`/v1/isolation-proofs/${proof.id}/sarif`)).body.errorCode).toBe('isolation_proof_unfinished');
  expect((await api.post('/v1/isolation-proofs', {})).body.errorCode).toBe('operation_in_progress');

  await record(proof.id, leaky);
  await record(proof.id, green);
  await api.finish(operation.id);
  const { body } = await api.get(`/v1/isolation-proofs/${proof.id}`);
  expect(body).toMatchObject({ id: proof.id, state: 'findings', digest: proofDigest(leaky), report: leaky });
  expect(() => verifyProof(body.note, [signer.publicKey], body.id, body.report)).not.toThrow();
  expect((await api.get(`/v1/isolation-proofs/${proof.id}/sarif`)).body.runs[0].results).toMatchObject([
    { ruleId: 'rls_missing' },
  ]);
  expect((await api.get('/v1/isolation-proofs')).body.data).toMatchObject([{ id: proof.id, state: 'findings' }]);
});

it('the digest and the rules that were broken stand in the audit log', async () => {
  const started = await api.post('/v1/isolation-proofs', {});
  await record(started.body.proof.id, leaky);
  await api.finish(started.body.operation.id);
  const leaves = await api.leaves();
  expect(leaves.findLast(({ action }) => action === 'isolation.record')).toMatchObject({
    subject: { kind: 'isolation_proof', id: started.body.proof.id },
    details: { verdict: 'findings', digest: proofDigest(leaky), rules: ['rls_missing'], findings: 1, targets: 1 },
  });
});

it('auditors may ask and look; others may neither, and an unknown proof is a 404', async () => {
  const auditor = await api.issuer.token({ roles: ['auditor'] });
  const sales = await api.issuer.token({ roles: ['sales-ops'] });
  const asked = await api.post('/v1/isolation-proofs', {}, { token: auditor });
  expect(asked.status).toBe(202);
  await api.finish(asked.body.operation.id);
  expect((await api.get(`/v1/isolation-proofs/${asked.body.proof.id}`, { token: auditor })).status).toBe(200);
  for (const url of ['/v1/isolation-proofs', `/v1/isolation-proofs/${asked.body.proof.id}`])
    expect((await api.get(url, { token: sales })).status).toBe(403);
  expect((await api.post('/v1/isolation-proofs', {}, { token: sales })).status).toBe(403);
  for (const id of [newId('isolationProof'), 'prf_x', randomUUID()])
    expect((await api.get(`/v1/isolation-proofs/${id}`)).body.errorCode).toBe('isolation_proof_not_found');
});
