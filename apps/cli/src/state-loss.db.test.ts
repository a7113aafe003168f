import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiFixture } from '@bulkhead/api/testing';
import { RecordStack } from '@bulkhead/control';
import type { TenantId } from '@bulkhead/kernel';
import { Cli } from './testing/run-cli.js';
import { serveApi } from './testing/served-api.js';

// From what a preview blocked to the bundle that lets it pass, as the people involved type it.

let api: ApiFixture;
let cli: Cli;
let tenantId: TenantId;
let plan: string;
const digest = `sha256:${'a'.repeat(64)}`;
const as = async (sub: string, ...roles: string[]) => ({ BULKHEAD_TOKEN: await api.issuer.token({ sub, roles }) });

beforeAll(async () => {
  const served = await serveApi();
  api = served.api;
  cli = new Cli({ BULKHEAD_URL: served.url, ...(await as('ada', 'platform-admin')) });
  await api.standUpRegion();
  ({ tenantId } = await api.onboard());
  const { bindings, slug } = (await api.get('/v1/fleet/tenants')).body.data[0];
  const stack = `roster.${bindings[0].rosterId}`;
  const urn = `urn:pulumi:${stack}::bulkhead::bulkhead:pool:Registration::${bindings[0].bindingId}`;
  const state = { resources: [{ urn, type: 'bulkhead:pool:Registration' }], pending: 0 };
  await api.asWorker(new RecordStack({ stack, state, appliedDigest: null }));
  const step = { urn, operation: 'delete', tenantId, blocked: 'State would be lost.', loss: { layer: 'key', digest } };
  const stacks = [{ stack, tenants: [{ id: tenantId, slug }], steps: [step, { urn: 'urn:x', operation: 'update' }] }];
  plan = join(cli.home, 'plan.json');
  writeFileSync(plan, JSON.stringify({ planHash: digest, head: null, stacks }));
});
afterAll(async () => {
  await api.stop();
  cli.remove();
});

const ask = (...more: string[]) =>
  cli.run(['changes', 'state-loss', '--plan', plan, '--reason', 'its key moves', '-o', 'json', ...more]);
const bundled = async () => {
  const file = join(cli.home, `fleet-${Math.random()}.jsonl`);
  await cli.run(['fleet', 'bundle', '--out', file], { env: await as('pipeline', 'ci') });
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'approved-loss');
};

it('a loss that a plan shows is asked for, approved by two people, and bundled for CI then', async () => {
  const asked = await ask('--tenant', tenantId, '--layer', 'key');
  const [change] = JSON.parse(asked.stdout);
  expect([asked.code, change.kind, change.loss.losses.length]).toEqual([0, 'state-loss', 1]);
  const approve = async (sub: string, env: Record<string, string>) =>
    cli.run(['approvals', 'approve', change.id, '--hash', change.hash, '--note', sub], { env });
  expect((await approve('ada', await as('ada', 'platform-admin', 'approver'))).stderr).toContain('own request');
  expect(await approve('anna', await as('anna', 'approver'))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('delete urn:pulumi:roster'),
    stderr: expect.stringContaining('1 more must approve'),
  });
  expect(await bundled()).toEqual([]);
  expect((await approve('bert', await as('bert', 'approver'))).code).toBe(0);
  expect(await bundled()).toEqual([
    expect.objectContaining({ id: change.id, tenantId, losses: [expect.objectContaining({ layer: 'key', digest })] }),
  ]);
});

it.each([
  ['--tenant', 'nobody'],
  ['--layer', 'queue'],
  ['--urn', 'urn:x'],
  ['--stack', 'cell.x'],
])('asks for nothing when the plan blocks nothing of %s %s', async (option, value) => {
  expect(await ask(option, value)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--layer') });
});

it('says what is wrong with a file that is no plan', async () => {
  for (const text of ['nonsense', '{}']) {
    writeFileSync(join(cli.home, 'bad.json'), text);
    expect(await ask('--plan', join(cli.home, 'bad.json'))).toMatchObject({ code: 1, stdout: '' });
  }
});
