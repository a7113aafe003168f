import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { locateTools } from '@bulkhead/providers/testing/tools';
import { stackSecrets } from '../support/stack-secrets.js';
import type { TestStack } from '../support/test-stack.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

interface Plan {
  readonly blocked: boolean;
  readonly stacks: readonly {
    readonly stack: string;
    readonly program: string;
    readonly result: string;
    readonly reason: string | null;
    readonly tenants: readonly { readonly slug: string }[];
    readonly steps: readonly { readonly name: string; readonly operation: string; readonly blocked?: string }[];
  }[];
}

/** What CI does with the fleet: it makes a bundle as the role `ci`, and previews a branch's templates with it. */
export function describePreview(current: () => TestStack): void {
  describe('a preview in CI', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulkhead-ci-'));
    const bundle = join(folder, 'fleet.jsonl');
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    const cli = async (args: readonly string[], access: Readonly<Record<string, string>> = {}) => {
      const env = {
        PATH: process.env['PATH'],
        HOME: folder,
        BULKHEAD_PULUMI_ROOT: locateTools().pulumiRoot,
        ...access,
      };
      const command = [join(ROOT, 'apps/cli/bin/bulkhead.mjs'), ...args];
      const child = spawn(process.execPath, command, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
      return { code: code as number, stdout, stderr };
    };
    const asCi = async () => ({
      BULKHEAD_URL: current().api.url,
      BULKHEAD_TOKEN: await current().api.token('ci'),
    });
    const templatesWith = (tier: string, change: (yaml: string) => string): string => {
      const copy = mkdtempSync(join(folder, 'templates-'));
      cpSync(join(ROOT, 'tenant-templates'), copy, { recursive: true });
      const file = join(copy, 'tiers', `${tier}.yaml`);
      writeFileSync(file, change(readFileSync(file, 'utf8')));
      return copy;
    };
    const slugs = (stacks: Plan['stacks']) => stacks.flatMap(({ tenants }) => tenants.map(({ slug }) => slug));

    it('gets a bundle of every live stack as the role ci, and no secret of the installation is in it', async () => {
      expect(await cli(['fleet', 'bundle', '--out', bundle], await asCi())).toMatchObject({ code: 0, stdout: '' });
      const whole = readFileSync(bundle, 'utf8');
      for (const program of ['landing-zone.', 'cell.', 'roster.', 'dedicated-tenant.'])
        expect(whole).toContain(program);
      expect(whole).not.toMatch(/"state":null|ciphertext|secrets_providers/);
      const secrets = [...(await stackSecrets(current())), await current().api.token('ci')];
      expect(secrets.length).toBeGreaterThan(20);
      expect(secrets.filter((secret) => whole.includes(secret))).toEqual([]);
    });

    it('finds that the worker’s own templates and programs would change nothing, although a stack is locked', async () => {
      // A run that is under way, as the lease table shows it.
      const [lease] = await current().state<{ stack: string }>(
        `update bulkhead_lease.pulumi_leases set holder = 'somebody', state_login = 'somebody', heartbeat_at = now() + interval '1 hour'
          where stack = (select max(stack) from bulkhead_lease.pulumi_leases where stack like 'dedicated-tenant.%') returning stack`,
      );
      expect(lease?.stack).toMatch(/^dedicated-tenant\./);
      try {
        const { code, stdout, stderr } = await cli(['preview', '--output', 'json'], await asCi());
        const changed = (JSON.parse(stdout) as Plan).stacks.filter(({ result }) => result !== 'unchanged');
        expect([code, changed]).toEqual([0, []]);
        expect(stderr).toContain('made from the same specification and code');
      } finally {
        const release = `update bulkhead_lease.pulumi_leases set state_login = null, heartbeat_at = now() where stack = $1`;
        await current().state(release, [lease?.stack]);
      }
    });

    it('shows what an edited tier does to each of its tenants, and blocks what would replace a database', async () => {
      const templates = templatesWith('hybrid-database', (yaml) =>
        yaml.replace('version: 1', 'version: 2').replace('key: shared', 'key: dedicated'),
      );
      const args = ['preview', '--bundle', bundle, '--templates', templates];
      const [plan, comment] = [join(folder, 'plan.json'), join(folder, 'comment.md')];
      const { code } = await cli([...args, '--output', `json=${plan}`, '--output', `markdown=${comment}`]);
      const { blocked, stacks } = JSON.parse(readFileSync(plan, 'utf8')) as Plan;
      expect([code, blocked]).toEqual([3, true]);
      const own = stacks.filter(({ program, result }) => program === 'dedicated-tenant' && result === 'changes');
      expect(slugs(own).every((slug) => slug.includes('hybrid-database'))).toBe(true);
      expect(slugs(own)).toContain('first-hybrid-database');
      const first = own.find((stack) => slugs([stack]).includes('first-hybrid-database'));
      expect(first?.steps).toContainEqual(
        expect.objectContaining({ name: 'database-instance', operation: 'replace', blocked: expect.any(String) }),
      );
      expect(readFileSync(comment, 'utf8')).toContain('**first-hybrid-database** **replace** `database-instance`');
    });

    it('lets a harmless edit pass, and names the file and line of a broken one', async () => {
      const larger = templatesWith('dedicated', (yaml) =>
        yaml.replace('version: 1', 'version: 2').replace('storageGb: 200', 'storageGb: 400'),
      );
      const args = ['preview', '--bundle', bundle, '--tenant', 'first-dedicated', '--output', 'json', '--templates'];
      const { code, stdout } = await cli([...args, larger]);
      expect(code).toBe(2);
      expect((JSON.parse(stdout) as Plan).stacks.flatMap(({ steps }) => steps)).toContainEqual(
        expect.objectContaining({ name: 'database-instance', operation: 'update' }),
      );
      const broken = templatesWith('dedicated', (yaml) => yaml.replace('queue: dedicated', 'queue: golden'));
      const refused = await cli([...args, broken]);
      expect([refused.code, refused.stdout, existsSync(bundle)]).toEqual([1, '', true]);
      expect(refused.stderr).toMatch(/tiers\/dedicated\.yaml:12:10 Must be one of/);
    });
  });
}
