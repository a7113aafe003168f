import { newId } from '@bulkhead/kernel';
import fc from 'fast-check';
import { chooseCell } from './choose-cell.js';
import { physicalNames } from './physical-names.js';

describe('choosing a cell', () => {
  const load = fc
    .record({ capacity: fc.integer({ min: 1, max: 1000 }), tenants: fc.integer({ min: 0, max: 1000 }) })
    .map((cell) => ({ ...cell, id: newId('cell') }));

  it('never takes a full cell, and takes one whenever one has room', () => {
    fc.assert(
      fc.property(fc.array(load, { maxLength: 20 }), (cells) => {
        const chosen = chooseCell(cells);
        expect(chosen !== undefined).toBe(cells.some((cell) => cell.tenants < cell.capacity));
        expect(chosen === undefined || chosen.tenants < chosen.capacity).toBe(true);
      }),
    );
  });

  it('fills cells of different sizes evenly', () => {
    const small = { id: newId('cell'), capacity: 10, tenants: 0 };
    const large = { id: newId('cell'), capacity: 90, tenants: 0 };
    for (let placed = 0; placed < 50; placed++) {
      const chosen = chooseCell([small, large]);
      if (chosen === small) small.tenants++;
      else large.tenants++;
    }
    expect(small.tenants).toBe(5);
    expect(large.tenants).toBe(45);
  });
});

describe('physical names', () => {
  const names = physicalNames(newId('binding'));

  it('fit the rules of the services that bear them', () => {
    expect(names.instance).toMatch(/^[a-z][a-z0-9-]{0,62}$/);
    expect(names.bucket).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
    expect(names.keyAlias).toMatch(/^alias\/[a-zA-Z0-9/_-]{1,250}$/);
    expect(names.deadLetterQueue).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
    for (const identifier of [names.database, names.ownerRole, names.servingRole]) {
      expect(identifier).toMatch(/^[a-z_][a-z0-9_]{0,62}$/);
    }
  });

  it('are the same for the same binding and differ for another', () => {
    const id = newId('binding');
    expect(physicalNames(id)).toEqual(physicalNames(id));
    const other = Object.values(physicalNames(newId('binding')));
    expect(Object.values(physicalNames(id)).some((name) => other.includes(name))).toBe(false);
  });
});
