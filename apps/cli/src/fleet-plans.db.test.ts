import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiFixture } from '@bulkhead/api/testing';
import { BeginPlanStack, ClosePlanStack, FinishPlanStack, RecordStack, ReportOperation } from '@bulkhead/control';
import { planExpiry, planHashOf, stateDigest } from '@bulkhead/domain/fleet';
import type { OperationId } from '@bulkhead/kernel';
import { Cli } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

let api: ApiFixture;
let cli: Cli;
let file: string;
let planHash: string;
const stack = 'landing-zone.us-east-1';
const state = { resources: [{ urn: 'urn:pulumi:x', type: 'aws:s3/bucket:Bucket' }], pending: 0 };

beforeAll(async () => {
  const served = await serveApi();
  api = served.api;
  cli = new Cli({ BULKHEAD_URL: served.url, BULKHEAD_TOKEN: await api.issuer.token({ sub: 'ada' }) });
  await api.standUpRegion();
  await api.asWorker(new RecordStack({ stack, state, appliedDigest: null }));
  ({ file, planHash } = save('plan.json'));
});
afterAll(async () => {
  await api.stop();
  cli.remove();
});

/** Writes a plan as a preview does. */
function save(name: string, more: object = {}, loss: object = {}) {
  const [createdAt, digest] = [new Date().toISOString(), `sha256:${'a'.repeat(64)}`];
  const step = { urn: 'urn:pulumi:x', type: 't', name: 'x', operation: 'update' as const, properties: [], ...loss };
  const content = {
    ...{
      kind: 'bulkhead-fleet-plan' as const,
      format: 2 as const,
      code: digest,
      templates: [],
      base: null,
      head: null,
    },
    ...{ bundle: { createdAt, source: 'test' }, expiresAt: planExpiry(createdAt), prices: null, monthly: null },
    ...{ policies: [], blocked: false, exitCode: 2 as const, problems: [] },
    stacks: [
      {
        ...{ stack, program: 'landing-zone', tenants: [], result: 'changes' as const, reason: null, monthly: null },
        ...{ wantedDigest: digest, stateDigest: stateDigest(state), notes: [], violations: [], steps: [step] },
      },
    ],
    ...more,
  };
  const saved = { file: join(cli.home, name), planHash: planHashOf(content) };
  writeFileSync(saved.file, JSON.stringify({ ...content, planHash: saved.planHash }));
  return saved;
}

it('a plan is kept and applied by its file, shown by its hash, and says what has been applied', async () => {
  const started = await cli.run(['fleet', 'apply', file, '--parallel', '3', '--canaries', '2']);
  expect(started).toMatchObject({ code: 0, stdout: expect.stringContaining('untouched') });
  expect(started.stderr).toContain(`Plan ${planHash} changes one stack.`);
  const [, id] = /operation (op_[0-9a-f]{32})/.exec(started.stderr) ?? [];
  const operationId = id as OperationId;
  expect((await api.get(`/v1/operations/${id}`)).body).toMatchObject({ kind: 'fleet.apply' });
  await api.asWorker(
    new BeginPlanStack({ operationId, planHash, stack, stateDigest: stateDigest(state), tiers: [], forgets: false }),
  );
  await api.asWorker(new FinishPlanStack({ operationId, planHash, stack, outputs: {}, tiers: [] }));
  await api.asWorker(new ClosePlanStack({ operationId, planHash, stack }));
  for (const now of ['running', 'succeeded'] as const)
    await api.asWorker(new ReportOperation({ operationId, state: now }));
  const shown = await cli.run(['fleet', 'plan', planHash, '-o', 'json']);
  expect(JSON.parse(shown.stdout)).toMatchObject({ planHash, stacks: [{ stack, state: 'applied', operationId }] });
  const again = await cli.run(['fleet', 'apply', planHash]);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('has been applied') });
});

it('a file that is none, and a hash that nobody kept, are clear errors', async () => {
  expect(await cli.run(['fleet', 'apply', '/nowhere'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--output json'),
  });
  expect((await cli.run(['fleet', 'plan', `sha256:${'f'.repeat(64)}`])).code).toBe(1);
  expect(
    (
      await cli.run(['fleet', 'apply', file], {
        env: { BULKHEAD_TOKEN: await api.issuer.token({ sub: 'p', roles: ['ci'] }) },
      })
    ).stderr,
  ).toContain('platform-admin');
});

it('ends with 3 for a plan that is blocked, and with 4 where an approval is missing', async () => {
  const blocked = save('blocked.json', { blocked: true });
  expect((await cli.run(['fleet', 'apply', blocked.file])).code).toBe(3);
  const lossy = save('lossy.json', {}, { operation: 'delete', loss: { layer: null, digest: 'd' } });
  expect(await cli.run(['fleet', 'apply', lossy.file])).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('state-loss'),
  });
});
