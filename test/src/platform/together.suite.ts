import { auditLog } from '../support/audit-trail.js';
import { expectInventoryEqualsRegistry } from '../support/inventory.js';
import { beginOnboarding, succeeded, wish, type Accepted } from '../support/onboarding.js';
import type { TestStack } from '../support/test-stack.js';

const TOGETHER = 10;

/** What happens when many ask at once. */
export function describeTogether(current: () => TestStack): void {
  describe('many at once', () => {
    it(`registers ${TOGETHER} pooled tenants in fewer runs than tenants, each binding once`, async () => {
      const stack = current();
      const before = (await auditLog(stack)).length;
      const slugs = Array.from({ length: TOGETHER }, (_, n) => `together-${n}`);
      const begun = await Promise.all(slugs.map(async (slug) => await beginOnboarding(stack.api, 'pooled', slug)));
      await Promise.all(begun.map(async ({ operation }) => await succeeded(stack.api, operation.id)));
      const bindings = await stack.control<{ id: string }>(
        'select id from control.bindings where tenant_id = any($1) order by id',
        [begun.map(({ tenant }) => tenant.id)],
      );
      const runs = (await auditLog(stack)).slice(before).filter(({ action }) => action === 'roster.record_run');
      const registered = runs.flatMap(({ details }) => details.registered ?? []);
      expect(registered.toSorted()).toEqual(bindings.map(({ id }) => id));
      expect(bindings).toHaveLength(TOGETHER * 4);
      expect(runs.length).toBeLessThan(TOGETHER);
      await expectInventoryEqualsRegistry(stack);
    });

    it('gives 50 concurrent requests with one key one tenant and one operation', async () => {
      const stack = current();
      const body = wish('pooled', 'one-of-fifty');
      const requests = Array.from({ length: 50 }, async () => {
        return await stack.api.call<Accepted & { errorCode?: string }>('POST', '/v1/tenants', { body, key: 'fifty' });
      });
      const answers = await Promise.all(requests);
      const accepted = answers.filter(({ status }) => status === 202);
      const others = answers.filter(({ status }) => status !== 202);
      expect(new Set(accepted.map(({ body: { tenant, operation } }) => `${tenant.id} ${operation.id}`)).size).toBe(1);
      expect(new Set(others.map(({ status, body: { errorCode } }) => `${status} ${errorCode}`))).toEqual(
        new Set(others.length > 0 ? ['409 request_in_flight'] : []),
      );
      const rows = await stack.control(`select id from control.tenants where slug = 'one-of-fifty'`);
      expect(rows).toHaveLength(1);
      await succeeded(stack.api, accepted[0]?.body.operation.id ?? '');
      await expectInventoryEqualsRegistry(stack);
    });
  });
}
