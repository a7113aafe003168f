import { existsSync, readFileSync } from 'node:fs';
import type { FleetPlan } from '@bulkhead/domain/fleet';
import { stackSecrets } from '../support/stack-secrets.js';
import type { TestStack } from '../support/test-stack.js';
import { nextVersion, PreviewStage, slugs } from './preview-stage.js';

/** What CI does with the fleet: it makes a bundle as the role `ci`, and previews a branch's templates with it. */
export function describePreview(current: () => TestStack): void {
  describe('a preview in CI', () => {
    const stage = new PreviewStage(current);
    const bundle = stage.file('fleet.jsonl');
    const ownKey = () =>
      stage.templatesWith('hybrid-database', (yaml) => nextVersion(yaml).replace('key: shared', 'key: dedicated'));
    afterAll(() => stage.remove());

    it('gets a bundle of every live stack as the role ci, and no secret of the installation is in it', async () => {
      expect(await stage.run(['fleet', 'bundle', '--out', bundle], 'ci')).toMatchObject({ code: 0, stdout: '' });
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
        const { code, stdout, stderr } = await stage.run(['preview', '--output', 'json'], 'ci');
        const changed = (JSON.parse(stdout) as FleetPlan).stacks.filter(({ result }) => result !== 'unchanged');
        expect([code, changed]).toEqual([0, []]);
        expect(stderr).toContain('made from the same specification and code');
      } finally {
        const release = `update bulkhead_lease.pulumi_leases set state_login = null, heartbeat_at = now() where stack = $1`;
        await current().state(release, [lease?.stack]);
      }
    });

    it('shows what an edited tier does to each of its tenants, and blocks what would replace a database', async () => {
      const comment = stage.file('comment.md');
      const args = ['--templates', ownKey(), '--output', `markdown=${comment}`];
      const { code, plan } = await stage.preview(bundle, 'blocked.json', args);
      expect([code, plan.blocked]).toEqual([3, true]);
      const own = plan.stacks.filter(({ program, result }) => program === 'dedicated-tenant' && result === 'changes');
      expect(slugs(own).every((slug) => slug.includes('hybrid-database'))).toBe(true);
      expect(slugs(own)).toContain('first-hybrid-database');
      const first = own.find((stack) => slugs([stack]).includes('first-hybrid-database'));
      expect(first?.steps).toContainEqual(
        expect.objectContaining({ name: 'database-instance', operation: 'replace', blocked: expect.any(String) }),
      );
      expect(readFileSync(comment, 'utf8')).toContain('**first-hybrid-database** **replace** `database-instance`');
    });

    it('lets a loss pass once two people have approved exactly that, and not for half of it', async () => {
      const args = ['--templates', ownKey(), '--tenant', 'first-hybrid-database'];
      const before = await stage.preview(bundle, 'before.json', args);
      expect(before.code).toBe(3);
      const asked = await stage.run(
        [
          'changes',
          'state-loss',
          '--plan',
          before.file,
          '--reason',
          'its data is restored under a key of its own',
          '-o',
          'json',
        ],
        'platform-admin',
      );
      const changes = JSON.parse(asked.stdout) as { id: string; hash: string; loss: { stack: string } }[];
      expect([asked.code, changes.length > 1]).toEqual([0, true]);
      const decide = async (user: 'approver' | 'second-approver', { id, hash }: (typeof changes)[number]) =>
        await stage.run(['approvals', 'approve', id, '--hash', hash], user);
      const own = changes.find(({ loss }) => loss.stack.startsWith('dedicated-tenant.'))!;
      expect((await decide('approver', own)).stderr).toContain('1 more must approve');
      expect((await decide('approver', own)).stderr).toContain('another approval must come from somebody else');
      expect((await decide('second-approver', own)).code).toBe(0);
      const half = await stage.preview(await stage.bundle('half.jsonl'), 'half.json', args);
      const blockedIn = half.plan.stacks.filter(({ steps }) => steps.some(({ blocked }) => blocked));
      expect([half.code, blockedIn.map(({ program }) => program)]).toEqual([3, ['roster']]);
      for (const change of changes.filter(({ id }) => id !== own.id))
        for (const user of ['approver', 'second-approver'] as const) expect((await decide(user, change)).code).toBe(0);
      const { code, plan } = await stage.preview(await stage.bundle('approved.jsonl'), 'approved.json', args);
      expect([code, plan.blocked]).toEqual([2, false]);
      const allowing = plan.stacks.flatMap(({ steps }) => steps.flatMap(({ approvedBy }) => approvedBy ?? []));
      expect(new Set(allowing)).toEqual(new Set(changes.map(({ id }) => id)));
    });

    it('lets a harmless edit pass, and names the file and line of a broken one', async () => {
      const larger = stage.templatesWith('dedicated', (yaml) =>
        nextVersion(yaml).replace('storageGb: 200', 'storageGb: 400'),
      );
      const args = ['preview', '--bundle', bundle, '--tenant', 'first-dedicated', '--output', 'json', '--templates'];
      const { code, stdout } = await stage.run([...args, larger]);
      expect(code).toBe(2);
      expect((JSON.parse(stdout) as FleetPlan).stacks.flatMap(({ steps }) => steps)).toContainEqual(
        expect.objectContaining({ name: 'database-instance', operation: 'update' }),
      );
      const broken = stage.templatesWith('dedicated', (yaml) => yaml.replace('queue: dedicated', 'queue: golden'));
      const refused = await stage.run([...args, broken]);
      expect([refused.code, refused.stdout, existsSync(bundle)]).toEqual([1, '', true]);
      expect(refused.stderr).toMatch(/tiers\/dedicated\.yaml:12:10 Must be one of/);
    });
  });
}
