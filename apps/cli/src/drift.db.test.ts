import type { ApiFixture } from '@bulkhead/api/testing';
import { EndDrift, RecordDrift, RecordStack, ReportOperation, type LookedAtStack } from '@bulkhead/control';
import type { FoundDrift } from '@bulkhead/domain/drift';
import { newId, waitFor, type DriftRunId, type OperationId } from '@bulkhead/kernel';
import { Cli } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

let api: ApiFixture;
let cli: Cli;
beforeAll(async () => {
  const served = await serveApi();
  api = served.api;
  cli = new Cli({ BULKHEAD_URL: served.url, BULKHEAD_TOKEN: api.adminToken });
  const resources = [{ urn: drifted.resource, type: drifted.type }];
  await api.asWorker(new RecordStack({ stack, state: { resources, pending: 0 }, appliedDigest: null }));
});
afterAll(async () => {
  await api.stop();
  cli.remove();
});

const stack = `cell.${newId('cell')}`;
const drifted: FoundDrift = {
  ...{
    stack,
    kind: 'changed',
    type: 'aws:sqs/queue:Queue',
    name: 'queue',
    owner: null,
    tenantId: null,
    layer: 'queue',
  },
  resource: `urn:pulumi:${stack}::bulkhead::aws:sqs/queue:Queue::queue`,
  ...{ stateful: true, upshot: 'update' },
  properties: [{ path: 'visibilityTimeoutSeconds', before: '30', after: '77' }],
};
const compared = (found: readonly FoundDrift[]): LookedAtStack => ({
  ...{ stack, outcome: 'compared', why: null, found, unsettled: [] },
});
const skipped: LookedAtStack = { stack, outcome: 'skipped', why: 'op_1 is working on it', found: [], unsettled: [] };

/** A comparison that finds this, while the command line waits. */
async function runs(looked: LookedAtStack, ...args: string[]) {
  const running = cli.start(['drift', 'run', ...args]);
  const newest = async () => (await api.get('/v1/drift-runs')).body.data[0];
  const run = await waitFor('a run', async () => {
    const found = await newest();
    return found?.state === 'running' ? found : undefined;
  });
  const { id, operationId } = run as { id: DriftRunId; operationId: OperationId };
  await api.asWorker(new ReportOperation({ operationId, state: 'running' }));
  await api.asWorker(
    new RecordDrift({ driftRunId: id, stacks: [looked], sweep: { region: 'us-east-1', orphans: [], unsettled: [] } }),
  );
  await api.asWorker(new EndDrift({ driftRunId: id, state: 'finished' }));
  await api.asWorker(new ReportOperation({ operationId, state: 'succeeded' }));
  return await running.ended;
}

it('a fleet that is as it was left has exit code 0', async () => {
  const { code, stdout, stderr } = await runs(compared([]), '--expect-no-changes');
  expect([code, stdout]).toEqual([0, '']);
  expect(stderr).toMatch(/drf_[0-9a-f]{32}: 1 stacks, 0 findings are open\./);
});

it('what could not be compared is no proof: exit code 1, and why', async () => {
  const { code, stderr } = await runs(skipped, '--expect-no-changes');
  expect(code).toBe(1);
  expect(stderr).toContain(`${stack}: skipped, op_1 is working on it.`);
});

it('open findings are listed, with exit code 2 only where none were expected', async () => {
  const { code, stdout } = await runs(compared([drifted]), '--expect-no-changes');
  expect(code).toBe(2);
  expect(stdout).toMatch(/^ID +KIND +TENANT +STACK +NAME +TYPE +DIFFERENCE +FIRST SEEN\nfnd_\w+ +changed +/);
  expect(stdout).toContain('visibilityTimeoutSeconds: 30 → 77');
  const again = await runs(compared([drifted]), '--wait', '-o', 'json');
  expect([again.code, JSON.parse(again.stdout).findings.length]).toEqual([0, 1]);
});

it('a finding is shown, and its remedy asked for, with what to do next', async () => {
  const listed = await cli.run(['drift', 'list', '--kind', 'changed', '-o', 'name']);
  const id = listed.stdout.trim();
  expect((await cli.run(['drift', 'list', '--kind', 'orphan'])).stdout).not.toContain('fnd_');
  const { stdout } = await cli.run(['drift', 'get', id]);
  expect(stdout).toMatch(/NEXT RUN +would update it/);
  const adopting = await cli.run(['drift', 'adopt', id, '--reason', 'fine']);
  expect([adopting.code, adopting.stderr]).toEqual([1, expect.stringContaining('Change the template or the plan')]);
  const repairing = await cli.run(['drift', 'repair', id, '--reason', 'by hand']);
  expect([repairing.code, repairing.stdout]).toEqual([0, expect.stringMatching(/WOULD +update queue of cell\./)]);
  expect(repairing.stderr).toMatch(/bulkhead approvals approve chg_\w+ --hash [0-9a-f]{64}/);
});
