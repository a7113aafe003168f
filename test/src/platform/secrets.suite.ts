import { CanaryFlock } from '../support/canary-flock.js';
import { onboard } from '../support/onboarding.js';
import { stackSecrets } from '../support/stack-secrets.js';
import type { TestStack } from '../support/test-stack.js';
import { placesOf, writtenTexts, type WrittenTexts } from '../support/written-texts.js';

/** Searches all that was written during the whole test run. */
export function describeSecrets(current: () => TestStack): void {
  describe('what is written', () => {
    let texts: WrittenTexts;
    let flock: CanaryFlock;
    let tenantId: string;
    beforeAll(async () => {
      const stack = current();
      flock = new CanaryFlock(stack);
      await flock.release();
      ({
        tenant: { id: tenantId },
      } = await onboard(stack.api, 'pooled', 'after-the-canaries'));
      texts = await writtenTexts(stack);
    });

    it('is searched for real: what must stand in each place is found there', async () => {
      const [{ id: bindingId } = { id: '' }] = await current().control<{ id: string }>(
        `select id from control.bindings where tenant_id = $1 and layer = 'database'`,
        [tenantId],
      );
      expect(placesOf(tenantId, texts)).toEqual(['temporal', 'audit', 'operations']);
      expect(placesOf(bindingId, texts)).toEqual(expect.arrayContaining(['temporal', 'pulumi', 'audit', 'operations']));
      expect(placesOf('invalid_request', texts)).toContain('errors');
      expect(texts.logs.filter((text) => text.length > 0).length).toBeGreaterThan(1);
    });

    it('holds no secret of the stack: neither logs, errors, histories, state, audit log nor operations', async () => {
      const secrets = await stackSecrets(current());
      const token = await current().api.token('platform-admin');
      expect(secrets.length).toBeGreaterThan(20);
      const found = [...secrets, token].map((secret) => placesOf(secret, texts));
      expect(found.flat()).toEqual([]);
    });

    it('holds nothing that a caller sent beyond where it belongs', () => {
      const found = flock.canaries.map(({ input, text, mayStandIn }) => {
        return { input, strays: placesOf(text, texts).filter((place) => !mayStandIn.includes(place)) };
      });
      expect(found.filter(({ strays }) => strays.length > 0)).toEqual([]);
    });
  });
}
