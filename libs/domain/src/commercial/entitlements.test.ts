import fc from 'fast-check';
import { deriveEntitlements, type Entitlement, type EntitlementOverride } from './entitlements.js';
import {
  nextSubscriptionState,
  SUBSCRIPTION_EVENTS,
  SUBSCRIPTION_STATES,
  type SubscriptionState,
} from './subscription.js';

const plan = {
  modules: ['scheduling', 'charting'],
  quotas: { providers: 25, storageGb: 100 },
  price: { model: 'per-provider', unitAmountMinor: 14_900 },
} as const;
const today = '2026-11-22';
const derive = (
  overrides: readonly EntitlementOverride[] = [],
  state: SubscriptionState | undefined = 'active',
  quantity = 5,
) => deriveEntitlements({ plan, quantity, state, overrides, today });

const mayUse = (entitlements: readonly Entitlement[], module: string) =>
  entitlements.some(({ kind, feature }) => kind === 'module' && feature === module);
const quotaCeiling = (entitlements: readonly Entitlement[], quota: string) =>
  entitlements.reduce((found, one) => (one.kind === 'quota' && one.feature === quota ? one.ceiling : found), 0);

describe('entitlements', () => {
  it('are the plan, with what was bought as the ceiling of what is counted', () => {
    expect(derive()).toEqual([
      { kind: 'module', feature: 'charting', source: 'plan' },
      { kind: 'quota', feature: 'providers', ceiling: 5, source: 'plan' },
      { kind: 'module', feature: 'scheduling', source: 'plan' },
      { kind: 'quota', feature: 'storageGb', ceiling: 100, source: 'plan' },
    ]);
    expect(quotaCeiling(derive([], 'active', 30), 'providers')).toBe(25);
  });

  it('stay in trial, active and past due, and are gone in every other state, known or not', () => {
    for (const state of ['trial', 'active', 'past_due'] as const) expect(derive([], state)).toHaveLength(4);
    for (const state of ['suspended', 'cancelled', 'paused', 'constructor', ''] as const) {
      expect(derive([], state as SubscriptionState)).toEqual([]);
    }
    expect(deriveEntitlements({ plan, quantity: 5, state: undefined, today })).toEqual([]);
  });

  it('follow overrides until their last day', () => {
    const more: EntitlementOverride[] = [
      { kind: 'module', feature: 'claims', granted: true, lastDay: '2026-11-22' },
      { kind: 'module', feature: 'charting', granted: false },
      { kind: 'quota', feature: 'storageGb', ceiling: 500 },
      { kind: 'module', feature: 'analytics', granted: true, lastDay: '2026-11-21' },
    ];
    const derived = derive(more);
    expect(mayUse(derived, 'claims')).toBe(true);
    expect(mayUse(derived, 'charting')).toBe(false);
    expect(mayUse(derived, 'analytics')).toBe(false);
    expect(quotaCeiling(derived, 'storageGb')).toBe(500);
  });

  it('take the narrower of two overrides, in either order', () => {
    const pair: EntitlementOverride[] = [
      { kind: 'quota', feature: 'storageGb', ceiling: 500 },
      { kind: 'quota', feature: 'storageGb', ceiling: 200 },
      { kind: 'module', feature: 'claims', granted: true },
      { kind: 'module', feature: 'claims', granted: false },
    ];
    for (const overrides of [pair, pair.toReversed()]) {
      expect(quotaCeiling(derive(overrides), 'storageGb')).toBe(200);
      expect(mayUse(derive(overrides), 'claims')).toBe(false);
    }
  });

  it('give nothing for what nobody granted, and 0 for a ceiling that is not a number', () => {
    expect(mayUse(derive(), 'toString')).toBe(false);
    expect(quotaCeiling(derive(), '__proto__')).toBe(0);
    for (const ceiling of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1.5]) {
      expect(quotaCeiling(derive([{ kind: 'quota', feature: 'storageGb', ceiling }]), 'storageGb')).toBe(0);
    }
  });
});

describe('subscription', () => {
  it.each([
    ['trial', 'activate', 'active'],
    ['trial', 'trial_ended', 'suspended'],
    ['active', 'payment_failed', 'past_due'],
    ['past_due', 'payment_received', 'active'],
    ['past_due', 'grace_ended', 'suspended'],
    ['suspended', 'resume', 'active'],
    ['suspended', 'cancel', 'cancelled'],
  ] as const)('that is %s becomes, on %s, %s', (state, event, next) => {
    expect(nextSubscriptionState(state, event)).toBe(next);
  });

  it('is not resumed by a payment once it is suspended, and says what is possible', () => {
    expect(() => nextSubscriptionState('suspended', 'payment_received')).toThrow(
      expect.objectContaining({
        code: 'subscription_transition_refused',
        status: 409,
        remediation: expect.stringContaining('resume, cancel'),
      }),
    );
  });

  it('stays cancelled whatever happens, and can be cancelled from every other state', () => {
    for (const event of SUBSCRIPTION_EVENTS)
      expect(() => nextSubscriptionState('cancelled', event)).toThrow('cancelled');
    for (const state of SUBSCRIPTION_STATES.filter((each) => each !== 'cancelled'))
      expect(nextSubscriptionState(state, 'cancel')).toBe('cancelled');
  });

  it('never returns to trial', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...SUBSCRIPTION_EVENTS)), (events) => {
        let state: SubscriptionState = 'trial';
        let left = false;
        for (const event of events) {
          try {
            state = nextSubscriptionState(state, event);
            left = true;
          } catch {
            continue;
          }
        }
        expect(left && state === 'trial').toBe(false);
      }),
    );
  });
});
