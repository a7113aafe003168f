import { BulkheadError } from '@bulkhead/kernel';
import fc from 'fast-check';
import {
  isServed,
  nextTenantState,
  requireServed,
  TENANT_EVENTS,
  TENANT_STATES,
  type TenantEvent,
  type TenantState,
} from './tenant-states.js';

const events = fc.array(fc.constantFrom(...TENANT_EVENTS), { maxLength: 40 });

/** Runs through the events as the gate does: a refused one changes nothing. */
function run(history: readonly TenantEvent[]): { state: TenantState; refusals: BulkheadError[]; path: TenantState[] } {
  let state: TenantState = 'provisioning';
  const path: TenantState[] = [state];
  const refusals: BulkheadError[] = [];
  for (const event of history) {
    try {
      state = nextTenantState(state, event);
      path.push(state);
    } catch (error) {
      if (!(error instanceof BulkheadError)) throw error;
      refusals.push(error);
    }
  }
  return { state, refusals, path };
}

describe('tenant states', () => {
  it('follow, after any history, a model that only counts', () => {
    fc.assert(
      fc.property(events, (history) => {
        const first = history.find((event) => event === 'activate' || event === 'abandon');
        const lived = first === 'activate' ? history.slice(history.indexOf('activate')) : [];
        const last = lived.findLast((event) => event === 'suspend' || event === 'resume');
        const expected = {
          abandon: 'abandoned',
          activate: last === 'suspend' ? 'suspended' : 'active',
          none: 'provisioning',
        };
        expect(run(history).state).toBe(expected[first === 'activate' || first === 'abandon' ? first : 'none']);
      }),
      { numRuns: 2000 },
    );
  });

  it('never stay where they are, nor leave what is final, nor become provisioning again', () => {
    fc.assert(
      fc.property(events, (history) => {
        const { path } = run(history);
        const [, ...later] = path;
        expect(later).not.toContain('provisioning');
        expect(later.every((state, index) => state !== path[index])).toBe(true);
        expect(path.slice(0, -1)).not.toContain('abandoned');
      }),
    );
  });

  it('refuse an event in words that say what may happen instead', () => {
    fc.assert(
      fc.property(events, (history) => {
        for (const { code, status, publicMessage, remediation } of run(history).refusals) {
          expect([code, status]).toEqual(['tenant_transition_refused', 409]);
          expect(publicMessage).toMatch(/^A tenant that is \w+ cannot take "\w+"\.$/);
          expect(remediation).toMatch(/\.$/);
        }
      }),
    );
    expect(() => nextTenantState('suspended', 'suspend')).toThrow(
      expect.objectContaining({ remediation: 'From suspended these are possible: resume.' }),
    );
  });
});

describe('serving', () => {
  it('is for active tenants outside of maintenance only, and a state that nobody knows is not served', () => {
    const states = [...TENANT_STATES, 'resuming' as TenantState];
    const served = states.flatMap((state) =>
      [true, false]
        .filter((maintenance) => isServed({ state, maintenance }))
        .map((maintenance) => [state, maintenance]),
    );
    expect(served).toEqual([['active', false]]);
  });

  it.each([
    ['suspended', false, 'tenant_suspended', 403],
    ['suspended', true, 'tenant_suspended', 403],
    ['active', true, 'tenant_in_maintenance', 503],
    ['provisioning', false, 'tenant_not_active', 409],
    ['abandoned', false, 'tenant_not_active', 409],
  ] as const)('of a tenant that is %s (maintenance: %s) is refused with %s', (state, maintenance, code, status) => {
    expect(() => requireServed({ state, maintenance })).toThrow(expect.objectContaining({ code, status }));
  });
});
