import fc from 'fast-check';
import { idHex, isId, newId } from './ids.js';

describe('ids', () => {
  it('sort by creation, also within one millisecond', () => {
    const ids = Array.from({ length: 2000 }, () => newId('tenant'));
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are only ids of their own kind', () => {
    const id = newId('binding');
    expect(isId('binding', id)).toBe(true);
    expect(isId('tenant', id)).toBe(false);
    expect(idHex(id)).toHaveLength(32);
  });

  it('refuse anything that is not a prefix and a UUIDv7', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(isId('tenant', value)).toBe(false);
      }),
    );
    const v4 = 'ten_9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d';
    expect(isId('tenant', v4)).toBe(false);
    expect(isId('tenant', newId('tenant').toUpperCase())).toBe(false);
  });
});
