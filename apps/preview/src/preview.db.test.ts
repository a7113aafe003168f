import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FleetPlan } from '@bulkhead/domain/fleet';
import { generateFleet, writeBundle, type GeneratedFleet } from './testing/generated-fleet.js';
import { runPreview } from './testing/run-preview.js';

// The runner in a process of its own, on states of real runs, without a network address or a credential to its name.

const folder = mkdtempSync(join(tmpdir(), 'bulkhead-preview-test-'));
const bundle = join(folder, 'fleet.jsonl');
const SHIPPED = fileURLToPath(new URL('../../../tenant-templates', import.meta.url));
let fleet: GeneratedFleet;
beforeAll(async () => {
  fleet = await generateFleet();
  await writeBundle(bundle, fleet);
}, 400_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let copies = 0;
/** The shipped templates, with a tier changed. */
function templatesWith(tier: string, change: (text: string) => string): string {
  const copy = join(folder, `templates-${++copies}`);
  cpSync(SHIPPED, copy, { recursive: true });
  const file = join(copy, 'tiers', `${tier}.yaml`);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  return copy;
}
const nextVersion = (text: string) => text.replace('version: 1', 'version: 2');
const ownKey = (text: string) => nextVersion(text).replace('key: shared', 'key: dedicated');
const json = (text: string) => JSON.parse(text);
/** What would be asked for, for what a plan shows to be lost in a stack. */
function lossesOf({ stack, steps }: FleetPlan['stacks'][number]): object[] {
  const losses = steps.flatMap(({ urn, operation, loss }) => (loss ? [{ urn, operation, ...loss }] : []));
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const tenantId = fleet.tenants[1]!.id;
  return losses.length === 0 ? [] : [{ id: 'chg_1', stack, tenantId, losses, expiresAt }];
}

test('the templates that the fleet was made from change nothing, and no engine is started to find that out', async () => {
  const { code, stdout, stderr } = await runPreview(['--bundle', bundle, '--output', 'json']);
  expect([code, json(stdout).stacks.map(({ result }: { result: string }) => result)]).toEqual([
    0,
    Array(5).fill('unchanged'),
  ]);
  expect(stderr.match(/made from the same specification and code/g)).toHaveLength(5);
});

test('a stack whose last run did not end well is run, although its digest is not known to differ', async () => {
  const stacks = fleet.stacks.map((stack) => ({
    ...stack,
    appliedDigest: stack.stack.startsWith('cell') ? null : stack.appliedDigest,
  }));
  const file = join(folder, 'failed.jsonl');
  await writeBundle(file, { ...fleet, stacks });
  const { code, stdout } = await runPreview(['--bundle', file, '--output', 'json']);
  const cell = json(stdout).stacks.find(({ program }: { program: string }) => program === 'cell');
  expect([code, cell.result, cell.reason]).toEqual([0, 'unchanged', null]);
}, 200_000);

test('an edited tier shows what each of its tenants would get, and blocks what would replace a database', async () => {
  const templates = templatesWith('hybrid-database', ownKey);
  const documents = ['json', 'sarif', 'junit', 'markdown'].map((format) => join(folder, `report.${format}`));
  const outputs = documents.map((file) => `--output=${file.split('.').at(-1)}=${file}`);
  const { code, stdout, stderr } = await runPreview(['--bundle', bundle, '--templates', templates, ...outputs]);
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(/\[5\/5\][^]*5 stacks in [\d.]+ s/);
  const [plan, sarif, junit, markdown] = documents.map((file) => readFileSync(file, 'utf8'));
  const own = json(plan!).stacks.find(({ stack }: { stack: string }) => stack === fleet.stacks[3]!.stack);
  expect(own).toMatchObject({
    result: 'changes',
    tenants: [{ slug: 'sample-hybrid-database' }],
    monthly: { currency: 'USD' },
  });
  const instance = own.steps.find(({ name }: { name: string }) => name === 'database-instance');
  expect(instance).toMatchObject({ operation: 'replace', blocked: expect.stringContaining('database layer') });
  expect(json(sarif!).runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId)).toContain('state-kept');
  expect(junit).toContain('failures="1"');
  expect(markdown).toContain('**sample-hybrid-database** **replace** `database-instance` because of `kmsKeyId`');
}, 200_000);

test('the same plan comes out whichever preview ends first', async () => {
  const templates = templatesWith('hybrid-database', ownKey);
  const hash = async (parallel: string) => {
    const args = ['--bundle', bundle, '--templates', templates, '--output', 'json', '--parallel', parallel];
    return json((await runPreview(args)).stdout).planHash;
  };
  expect(await hash('1')).toBe(await hash('3'));
}, 300_000);

test('an approved change request that names exactly what would be lost lets the change pass', async () => {
  const templates = templatesWith('hybrid-database', ownKey);
  const args = ['--templates', templates, '--output', 'json'];
  const before = await runPreview(['--bundle', bundle, ...args]);
  const approved = json(before.stdout).stacks.flatMap(lossesOf);
  expect([before.code, approved.map(({ losses }: { losses: object[] }) => losses.length)]).toEqual([3, [1, 1]]);
  const given = async (file: string, requests: readonly object[]) => {
    await writeBundle(join(folder, file), { ...fleet, approved: requests });
    const { code, stdout } = await runPreview(['--bundle', join(folder, file), ...args]);
    return [code, json(stdout).blocked, stdout.match(/"approvedBy": "chg_1"/g)?.length ?? 0];
  };
  expect(await given('approved.jsonl', approved)).toEqual([2, false, 2]);
  const passed = new Date(Date.now() - 1000).toISOString();
  expect(
    await given(
      'expired.jsonl',
      approved.map((request: object) => ({ ...request, expiresAt: passed })),
    ),
  ).toEqual([3, true, 0]);
}, 300_000);

test('only the tenant that was asked for is looked at', async () => {
  const templates = templatesWith('dedicated', (text) => nextVersion(text).replace('storageGb: 200', 'storageGb: 400'));
  const args = ['--bundle', bundle, '--templates', templates, '--tenant', 'sample-dedicated', '--output', 'json'];
  const { code, stdout } = await runPreview(args);
  expect([code, json(stdout).stacks.length]).toEqual([2, 1]);
  expect(json(stdout).stacks[0].steps.map(({ name }: { name: string }) => name)).toContain('database-instance');
}, 200_000);

describe('bad input is a clear error, and nothing is half done', () => {
  const failing = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await runPreview(args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).not.toMatch(/^\s+at /m);
    return stderr;
  };
  test('a broken template, with file and line', async () => {
    const templates = templatesWith('dedicated', (text) => text.replace('database: dedicated', 'database: golden'));
    const said = await failing(['--bundle', bundle, '--templates', templates]);
    expect(said.match(/tiers\/dedicated\.yaml:9:13 Must be one of/g)).toHaveLength(1);
  });
  test('a bundle that is not there, is none, or was cut off', async () => {
    expect(await failing(['--bundle', '/nowhere'])).toContain('/nowhere cannot be read');
    const bad = join(folder, 'bad.jsonl');
    writeFileSync(bad, 'nonsense\n');
    expect(await failing(['--bundle', bad])).toContain('bad.jsonl:1');
    writeFileSync(bad, readFileSync(bundle, 'utf8').split('\n').slice(0, -3).join('\n'));
    expect(await failing(['--bundle', bad])).toContain('it was cut off');
  });
  test('a document whose folder is not there', async () => {
    const said = await failing(['--bundle', bundle, '--output', 'json=/no/folder/plan.json']);
    expect(said).toContain('Error: /no/folder/plan.json cannot be written (ENOENT).\nCheck that its folder is there');
  });
  test('an unknown base, tenant, number or form', async () => {
    expect(await failing(['--bundle', bundle, '--base', 'no-such-commit'])).toContain('no commit no-such-commit');
    expect(await failing(['--bundle', bundle, '--base=--output=/tmp/x'])).toContain('no commit');
    expect(await failing(['--bundle', bundle, '--tenant', 'nobody'])).toContain('nobody');
    expect(await failing(['--bundle', bundle, '--parallel', '0'])).toContain('1 to 64');
    expect(await failing(['--bundle', bundle, '--output', 'pdf'])).toContain('markdown');
  });
});

test('a published version that was edited in place is blocked, with its file and line', async () => {
  const templates = templatesWith('dedicated', (text) => text.replace('storageGb: 200', 'storageGb: 210'));
  const args = ['--bundle', bundle, '--templates', templates, '--tenant', 'sample-hybrid-database'];
  const { code, stdout } = await runPreview(args);
  expect(code).toBe(3);
  expect(stdout).toContain(`\`${templates}/tiers/dedicated.yaml:3\` dedicated@1 is published with other content.`);
}, 200_000);
