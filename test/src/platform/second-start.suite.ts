import { cloudInventory } from '../support/cloud-inventory.js';
import { expectInventoryEqualsRegistry } from '../support/inventory.js';
import { beginOnboarding, onboard, type Operation, type Tenant } from '../support/onboarding.js';
import { planeInventory } from '../support/plane-inventory.js';
import type { TestStack } from '../support/test-stack.js';

interface Picture {
  readonly tenants: Tenant[];
  readonly operations: Operation[];
  readonly things: string[];
}

async function pictureOf(stack: TestStack): Promise<Picture> {
  const things = [...(await cloudInventory(stack)), ...(await planeInventory(stack))];
  return {
    tenants: await stack.api.list<Tenant>('/v1/tenants'),
    operations: await stack.api.list<Operation>('/v1/operations'),
    things: things.toSorted(),
  };
}

/** @param startAgain stops the stack and starts it again on the same folder. */
export function describeSecondStart(current: () => TestStack, startAgain: () => Promise<void>): void {
  describe('a second start on the same folder', () => {
    let before: Picture;
    beforeAll(async () => {
      before = await pictureOf(current());
      await startAgain();
    });

    it('keeps every tenant and everything that was made for them', async () => {
      expect(before.tenants.length).toBeGreaterThan(4);
      expect(await pictureOf(current())).toEqual(before);
      await expectInventoryEqualsRegistry(current());
    });

    it('answers a request that was made before as it was answered then', async () => {
      const { api } = current();
      const again = await beginOnboarding(api, 'dedicated', 'first-dedicated');
      const tenant = before.tenants.find(({ slug }) => slug === 'first-dedicated');
      expect(again.tenant.id).toBe(tenant?.id);
      expect(before.operations.map(({ id }) => id)).toContain(again.operation.id);
      expect(await api.list('/v1/tenants')).toHaveLength(before.tenants.length);
    });

    it('onboards further tenants beside the earlier ones', async () => {
      const { tenant } = await onboard(current().api, 'hybrid-storage', 'after-the-restart');
      expect(tenant.state).toBe('active');
      await expectInventoryEqualsRegistry(current());
    });
  });
}
