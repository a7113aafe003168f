import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { findingsOf } from '@bulkhead/domain/isolation';
import { prove } from '../prove.js';
import type { ServiceTarget } from './service-target.js';

type Who = 'a' | 'b' | undefined;
const TENANTS = { a: 'ten_a', b: 'ten_b' };
const idOf = (who: Who): string | undefined => who && TENANTS[who];

/** Keeps the context where it belongs. */
function soundService(): ServiceTarget {
  const context = new AsyncLocalStorage<string | undefined>();
  const serve = (who: Who) =>
    context.run(idOf(who), async () => {
      await turn();
      return { tenant: context.getStore() };
    });
  return {
    kind: 'service',
    name: 'practice',
    tenants: TENANTS,
    whoAmI: serve,
    consume: serve,
    allowed: async (who) => who === 'a',
    logOf: async () => 'a patient was read',
  };
}

/** Remembers the last one that it served, in one place for all. */
function forgetful() {
  let last: string | undefined;
  return async (who: Who) => {
    last = idOf(who) ?? last;
    await turn();
    return { tenant: last };
  };
}

function cachedForAll() {
  let cached: boolean | undefined;
  return async (who: 'a' | 'b') => (cached ??= who === 'a');
}

it('a sound service is green', async () => {
  expect(await prove([soundService()], { mode: 'live' })).toMatchObject({ verdict: 'green', targets: [{ voids: [] }] });
});

it.each([
  ['a context that is kept across requests', { whoAmI: forgetful() }, 'context_cached'],
  ['a consumer that works without its message’s context', { consume: forgetful() }, 'consumer_without_context'],
  [
    'a consumer that serves a message of nobody',
    { consume: async (who: Who) => ({ tenant: idOf(who) ?? 'ten_a' }) },
    'consumer_without_context',
  ],
  ['an entitlement that is cached across tenants', { allowed: cachedForAll() }, 'entitlement_cached'],
  ['a log line with patient data', { logOf: async (marker: string) => `read patient ${marker}` }, 'phi_logged'],
] as const)('the proof names %s', async (_, leak, rule) => {
  const report = await prove([{ ...soundService(), ...leak }], { mode: 'live' });
  expect(findingsOf(report)).toContainEqual(expect.objectContaining({ rule, shown: 'probe:service' }));
});

it.each([
  ['nothing can be driven', { kind: 'service', name: 'mute', tenants: TENANTS } as const],
  ['nobody has the feature', { ...soundService(), allowed: async () => false }],
  ['nothing is logged', { ...soundService(), logOf: async () => '' }],
])('the proof is void when %s', async (_, target: ServiceTarget) => {
  expect((await prove([target], { mode: 'live' })).verdict).toBe('void');
});
