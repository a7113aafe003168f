import type { ApiFixture } from '@bulkhead/api/testing';
import { RecordProof, ReportOperation } from '@bulkhead/control';
import { finding, joinProofs, type ProofReport, type TargetProof } from '@bulkhead/domain/isolation';
import { waitFor, type IsolationProofId, type OperationId } from '@bulkhead/kernel';
import { Cli } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

let api: ApiFixture;
let cli: Cli;
beforeAll(async () => {
  const served = await serveApi();
  api = served.api;
  cli = new Cli({ BULKHEAD_URL: served.url, BULKHEAD_TOKEN: api.adminToken });
});
afterAll(async () => {
  await api.stop();
  cli.remove();
});

const leak = finding('rls_missing', { target: 'cel_1', object: 'app.visit', detail: 'off', shown: 'static' });
const times = { startedAt: new Date(0), finishedAt: new Date(1) };
const reportOf = (part: Partial<TargetProof>): ProofReport => {
  const sound = { target: 'cel_1', kind: 'database' as const, findings: [], voids: [] };
  return joinProofs('live', times, [{ ...sound, checks: [{ name: 'attempts', looked: 107 }], ...part }]);
};

/** What the worker would do, while the command line waits. */
async function carryOut(report: ProofReport | null): Promise<void> {
  const { data } = (await api.get('/v1/isolation-proofs')).body;
  const { id, operationId } = data[0] as { id: IsolationProofId; operationId: OperationId };
  await api.asWorker(new ReportOperation({ operationId, state: 'running' }));
  await api.asWorker(new RecordProof({ proofId: id, signed: report && { report, note: 'note' } }));
  const error = { code: 'plane_unreachable', message: 'It does not answer.', remediation: 'Start it.' };
  await api.asWorker(
    new ReportOperation({ operationId, ...(report ? { state: 'succeeded' } : { state: 'failed', error }) }),
  );
}

async function waited(report: ProofReport | null, ...args: string[]) {
  const running = cli.start(['isolation', 'prove', '--wait', ...args]);
  const newest = async () => (await api.get('/v1/isolation-proofs')).body.data[0];
  await waitFor('a running proof', async () => (await newest())?.state === 'running');
  await carryOut(report);
  return await running.ended;
}

it('a green proof has exit code 0 and says what it looked at', async () => {
  const { code, stdout, stderr } = await waited(reportOf({}));
  expect([code, stdout]).toEqual([0, '']);
  expect(stderr).toContain('cel_1 (database): 107 attempts');
  expect(stderr).toMatch(/prf_[0-9a-f]{32}: green; 1 databases, 107 attempts, digest [0-9a-f]{64}/);
});

it('leaks are listed, with exit code 2', async () => {
  const { code, stdout } = await waited(reportOf({ findings: [leak] }));
  expect(code).toBe(2);
  expect(stdout).toMatch(
    /^SEVERITY +RULE +TARGET +OBJECT +SHOWN +CAUSE +REMEDY\ncritical +rls_missing +cel_1 +app\.visit +static /,
  );
});

it('as SARIF the leaks can be handed to a code scanner', async () => {
  const { code, stdout } = await waited(reportOf({ findings: [leak] }), '-o', 'sarif');
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ version: '2.1.0', runs: [{ results: [{ ruleId: 'rls_missing' }] }] });
});

it('a void proof has exit code 3 and says why', async () => {
  const { code, stderr } = await waited(reportOf({ voids: ['The probes did not see the planted leak.'] }));
  expect(code).toBe(3);
  expect(stderr).toContain('cel_1: The probes did not see the planted leak.');
});

it('a proof that could not be carried out is an error', async () => {
  const { code, stderr } = await waited(null);
  expect(code).toBe(1);
  expect(stderr).toContain('It does not answer.');
});

it('without --wait the operation is named, and the report can be fetched later with the same exit code', async () => {
  const { stdout, code } = await cli.run(['isolation', 'prove', '-o', 'json']);
  expect(code).toBe(0);
  const { proof } = JSON.parse(stdout);
  await carryOut(reportOf({ findings: [leak] }));
  const later = await cli.run(['isolation', 'get', proof.id, '-o', 'json']);
  expect([later.code, JSON.parse(later.stdout).report.verdict]).toEqual([2, 'findings']);
  expect((await cli.run(['isolation', 'list', '--limit', '1', '-o', 'name'])).stdout).toBe(`${proof.id}\n`);
  expect((await cli.run(['tenants', 'list', '-o', 'sarif'])).stderr).toContain(
    'Only isolation proofs have a SARIF form.',
  );
});
