import { CONTROLS, RULES } from './controls.js';

test('every rule is mapped, and nothing else is', () => {
  expect(Object.keys(CONTROLS).toSorted()).toEqual(RULES.map(({ id }) => id).toSorted());
});

test('every rule gives evidence for a NIST control and a HIPAA safeguard; identifiers are written as their sources do', () => {
  for (const { id, hipaa } of RULES) {
    const { cis, nist } = CONTROLS[id]!;
    expect([id, hipaa.length > 0, nist.length > 0]).toEqual([id, true, true]);
    for (const control of nist) expect(control).toMatch(/^[A-Z]{2}-\d{1,2}(?:\(\d{1,2}\))?$/);
    for (const control of cis) expect(control).toMatch(/^[1-5]\.\d{1,2}(?:\.\d{1,2})?$/);
  }
});
