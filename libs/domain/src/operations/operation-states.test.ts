import fc from 'fast-check';
import { isFinal, mayBecome, OPERATION_STATES, type OperationState } from './operation-states.js';

const anyState = fc.constantFrom(...OPERATION_STATES);

describe('operation states', () => {
  it('never leave a final state, whatever is reported', () => {
    fc.assert(
      fc.property(fc.array(anyState, { maxLength: 30 }), (reports) => {
        let state: OperationState = 'queued';
        let settled: OperationState | undefined;
        for (const report of reports) {
          if (mayBecome(state, report)) state = report;
          expect(settled ?? state).toBe(state);
          if (isFinal(state)) settled = state;
        }
      }),
    );
  });

  it('succeed only before anything was undone', () => {
    const before = OPERATION_STATES.filter((state) => state !== 'succeeded' && mayBecome(state, 'succeeded'));
    expect(before).toEqual(['running', 'needs_attention', 'cancelling']);
  });

  it('may end from every open state', () => {
    for (const state of OPERATION_STATES.filter((open) => !isFinal(open))) {
      expect(mayBecome(state, 'failed') && mayBecome(state, 'cancelled')).toBe(true);
    }
  });
});
