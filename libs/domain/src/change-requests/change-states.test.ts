import fc from 'fast-check';
import {
  CHANGE_EVENTS,
  CHANGE_STATES,
  isClosed,
  nextChangeState,
  type ChangeEvent,
  type ChangeState,
} from './change-states.js';

const walk = (events: readonly ChangeEvent[]): { states: ChangeState[]; taken: ChangeEvent[] } => {
  const states: ChangeState[] = ['pending'];
  const taken: ChangeEvent[] = [];
  for (const event of events) {
    try {
      states.push(nextChangeState(states.at(-1) ?? 'pending', event));
      taken.push(event);
    } catch (error) {
      expect(error).toMatchObject({
        status: 409,
        code: expect.stringMatching(/^(change_state_conflict|approval_required)$/),
      });
    }
  }
  return { states, taken };
};

describe('a change request', () => {
  it('is never applied without an approval, and stays closed once it is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...CHANGE_EVENTS), { maxLength: 30 }), (events) => {
        const { states, taken } = walk(events);
        const applied = taken.indexOf('apply');
        expect(applied === -1 || taken.slice(0, applied).includes('approve')).toBe(true);
        expect(taken.filter((event) => event === 'approve').length).toBeLessThanOrEqual(1);
        const closed = states.findIndex(isClosed);
        expect(closed === -1 || closed === states.length - 1).toBe(true);
        expect(states.at(-1) !== 'applied' || taken.at(-1) === 'finish').toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('can reach every state, and leave every state that is not closed', () => {
    const reached = new Set<ChangeState>(['pending']);
    for (const state of reached)
      for (const event of CHANGE_EVENTS)
        try {
          reached.add(nextChangeState(state, event));
        } catch {
          continue;
        }
    expect([...reached].toSorted()).toEqual([...CHANGE_STATES].toSorted());
  });

  it('that is pending asks for its approval, by a code of its own', () => {
    expect(() => nextChangeState('pending', 'apply')).toThrow(expect.objectContaining({ code: 'approval_required' }));
    expect(() => nextChangeState('applied', 'cancel')).toThrow(
      expect.objectContaining({ code: 'change_state_conflict' }),
    );
  });
});
