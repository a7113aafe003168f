import { waitFor } from '@bulkhead/kernel';
import { runOf } from '../support/pulumi-processes.js';
import { settled, type Operation } from '../support/onboarding.js';
import type { TestStack } from '../support/test-stack.js';
import { nextVersion, PreviewStage } from './preview-stage.js';

interface PlanView {
  readonly planHash: string;
  readonly stacks: readonly { readonly stack: string; readonly state: string }[];
}

/** What happens after the merge: the plan that CI made is applied by workers that run what was merged, or not at all. */
export function describeApplyPlan(current: () => TestStack): void {
  describe('a plan of a preview', () => {
    const stage = new PreviewStage(current);
    const larger = stage.templatesWith('dedicated', (yaml) =>
      nextVersion(yaml).replace('storageGb: 200', 'storageGb: 400'),
    );
    const admin = (...args: string[]) => stage.run(args, 'platform-admin');
    const tierOf = async (slug: string) =>
      (
        await current().control<{ version: number }>(
          `select tier_version as version from control.tenants where slug = $1`,
          [slug],
        )
      )[0]?.version;
    const planOf = async (name: string) =>
      await stage.preview(await stage.bundle(`${name}.jsonl`), `${name}.json`, ['--templates', larger]);
    const ended = async (stderr: string): Promise<Operation> => {
      const [, id = ''] = /operation (op_[0-9a-f]{32})/.exec(stderr) ?? [];
      return await settled(current().api, id);
    };
    afterAll(async () => {
      await current().workWith({});
      stage.remove();
    });

    it('is not applied by workers that run something else, and nothing is touched', async () => {
      const { code, file, plan } = await planOf('early');
      expect(code).toBe(2);
      expect(plan.stacks.filter(({ result }) => result === 'changes').length).toBeGreaterThan(0);
      const { error, steps } = await ended((await admin('fleet', 'apply', file)).stderr);
      expect(error).toMatchObject({ code: 'plan_differs', message: expect.stringContaining('dedicated@2') });
      expect(error?.message).toContain('Applied: 0 of');
      expect(steps.filter(({ state }) => state === 'succeeded')).toEqual([]);
      expect(await tierOf('first-dedicated')).toBe(1);
    });

    it('is applied once its templates are published, through the death of the worker', async () => {
      const stack = current();
      await stack.workWith({ BULKHEAD_TEMPLATES_DIR: larger });
      const { file, plan } = await planOf('merged');
      const started = await admin('fleet', 'apply', file);
      expect(started.code).toBe(0);
      await waitFor(
        'the stack to be begun',
        async () => {
          const [row] = await stack.control(`select stack from control.fleet_plan_stacks where plan_hash = $1`, [
            plan.planHash,
          ]);
          return row;
        },
        { timeoutMs: 120_000, intervalMs: 50 },
      );
      await runOf(stack.pulumiHome, 'dedicated-tenant.');
      await stack.parts.worker.kill();
      await stack.parts.worker.start();
      expect(await ended(started.stderr)).toMatchObject({ state: 'succeeded', error: null });
      const view = JSON.parse((await admin('fleet', 'plan', plan.planHash, '-o', 'json')).stdout) as PlanView;
      expect(view.stacks.map(({ state }) => state)).toEqual(view.stacks.map(() => 'applied'));
      expect(await tierOf('first-dedicated')).toBe(2);
      const after = await planOf('after');
      expect([after.code, after.plan.stacks.filter(({ result }) => result !== 'unchanged')]).toEqual([0, []]);
    });

    it('is refused when it is applied again, and an older one because the states have moved', async () => {
      const again = await admin('fleet', 'apply', stage.file('merged.json'));
      expect([again.code, again.stderr]).toEqual([
        1,
        expect.stringContaining('Every stack of the plan has been applied'),
      ]);
      const older = await admin('fleet', 'apply', stage.file('early.json'));
      expect([older.code, older.stderr]).toEqual([1, expect.stringContaining('has moved since the plan was made')]);
    });
  });
}
