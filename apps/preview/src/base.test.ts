import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FleetTenant } from '@bulkhead/domain/fleet';
import { newId } from '@bulkhead/kernel';
import type { Bundle } from './bundle.js';
import { differingStacks } from './fleet-run.js';
import { templateProblems } from './problems.js';
import { changedCode, newestTiers, readTemplates, templatesAt } from './templates.js';

const root = mkdtempSync(join(tmpdir(), 'bulkhead-base-'));
const git = (...args: string[]) =>
  execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@example', ...args]);
const edit = (file: string, change: (text: string) => string) => {
  const path = join(root, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
};
beforeAll(() => {
  cpSync(fileURLToPath(new URL('../../../tenant-templates', import.meta.url)), join(root, 'tenant-templates'), {
    recursive: true,
  });
  mkdirSync(join(root, 'infra/programs/src'), { recursive: true });
  for (const name of ['cell.ts', 'cell.test.ts']) writeFileSync(join(root, 'infra/programs/src', name), '// code\n');
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'base');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => git('checkout', '-q', '.'));

const region = 'us-east-1' as const;
/** A live tenant of a tier with one dedicated layer, and its stack. */
function member(tier: string) {
  const [stackId, bindingId, id] = [newId('stack'), newId('binding'), newId('tenant')];
  const binding = {
    bindingId,
    layer: 'storage' as const,
    isolation: 'dedicated' as const,
    cellId: null,
    rosterId: null,
    stackId,
  };
  const tenant: FleetTenant = { id, slug: tier, region, tier: { name: tier, version: 1 }, bindings: [binding] };
  const request = {
    program: 'dedicated-tenant' as const,
    spec: { stackId, tenantId: id, region, retention: { backupDays: 1, objectVersionDays: 1, logDays: 1 } },
  };
  return {
    tenant,
    stack: {
      stack: `dedicated-tenant.${stackId}`,
      request,
      tenantIds: [id],
      appliedDigest: null,
      hasState: true,
      recordedAt: null,
    },
  };
}
const members = ['dedicated', 'hybrid-storage'].map(member);
const bundle = {
  tiers: [],
  tenants: members.map(({ tenant }) => tenant),
  stacks: members.map(({ stack }) => stack),
} as unknown as Bundle;
const touched = async () =>
  differingStacks(
    bundle,
    newestTiers(await templatesAt(root, 'HEAD')),
    newestTiers(await readTemplates(join(root, 'tenant-templates'))),
  );

it('an edited tier touches the stacks of its tenants and no other', async () => {
  expect(await touched()).toEqual(new Set());
  edit('tenant-templates/tiers/dedicated.yaml', (text) =>
    text.replace('objectVersionDays: 365', 'objectVersionDays: 400'),
  );
  expect(await touched()).toEqual(new Set([members[0]!.stack.stack]));
});

it('an edit that no specification follows from touches none', async () => {
  edit('tenant-templates/tiers/dedicated.yaml', (text) => text.replace('title: Dedicated', 'title: Own'));
  expect(await touched()).toEqual(new Set());
});

it('a changed program may touch every stack; its test and its documents do not', async () => {
  for (const name of ['cell.test.ts']) appendFileSync(join(root, 'infra/programs/src', name), '// more\n');
  expect(await changedCode(root, 'HEAD')).toEqual([]);
  appendFileSync(join(root, 'infra/programs/src/cell.ts'), '// more\n');
  expect(await changedCode(root, 'HEAD')).toEqual(['infra/programs/src/cell.ts']);
});

it('a published version with other content, and a tier that is gone from under its tenants, are problems of the change', async () => {
  const set = await readTemplates(join(root, 'tenant-templates'));
  const tiers = set.tiers.map(({ body: { name, version }, digest }) => ({ name, version, digest }));
  expect(templateProblems({ ...bundle, tiers }, set, 'tenant-templates')).toEqual([]);
  const other = tiers.map((tier) => (tier.name === 'dedicated' ? { ...tier, digest: 'sha256:other' } : tier));
  expect(templateProblems({ ...bundle, tiers: other }, set, 'tenant-templates')).toMatchObject([
    { rule: 'published-version-changed', file: 'tenant-templates/tiers/dedicated.yaml', line: 3 },
  ]);
  const without = { ...set, tiers: set.tiers.filter(({ body }) => body.name !== 'dedicated') };
  expect(templateProblems({ ...bundle, tiers }, without, 'tenant-templates')).toMatchObject([{ rule: 'tier-removed' }]);
});
