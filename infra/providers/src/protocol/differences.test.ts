import { changesBetween, observedInputs, sameValue, unknownProperties } from './differences.js';
import type { Rules } from './resource-type.js';
import { UNKNOWN } from './values.js';

const rules: Rules = {
  name: { required: true, replaces: true },
  size: { computed: true },
  public: { fallback: false },
  policy: { compareAs: 'document' },
  groups: { compareAs: 'set' },
  secretly: { unobserved: true },
  rule: { nested: { days: { fallback: 0 }, mode: {} } },
};

test('silence means the default, or whatever the cloud chose where it chooses', () => {
  expect(changesBetween(rules, { name: 'a', size: 3 }, { name: 'a', public: false })).toEqual([]);
  expect(changesBetween(rules, { name: 'a', public: true }, { name: 'a' })).toEqual([
    { property: 'public', kind: 'delete', replaces: false },
  ]);
});

test('a change of what cannot be changed in place replaces, and so may a value that is not known yet', () => {
  expect(changesBetween(rules, { name: 'a' }, { name: 'b' })).toEqual([
    { property: 'name', kind: 'update', replaces: true },
  ]);
  expect(changesBetween(rules, { name: 'a' }, { name: UNKNOWN })).toEqual([
    { property: 'name', kind: 'update', replaces: true },
  ]);
});

test('documents are compared by meaning', () => {
  const one = '{"Statement":[{"Action":["a","b"],"Resource":["x"]}],"Version":"2012-10-17"}';
  const same = '{"Version":"2012-10-17","Statement":{"Resource":"x","Action":["b","a"]}}';
  const other = '{"Version":"2012-10-17","Statement":{"Resource":"y","Action":["b","a"]}}';
  expect(sameValue({ compareAs: 'document' }, one, same)).toBe(true);
  expect(sameValue({ compareAs: 'document' }, one, other)).toBe(false);
  expect(sameValue({ compareAs: 'document' }, one, 'no JSON')).toBe(false);
});

test('sets have no order, and their members take their defaults', () => {
  const rule = { compareAs: 'set', nested: { name: {}, method: { fallback: 'now' } } } as const;
  expect(
    sameValue(
      rule,
      [{ name: 'a' }, { name: 'b', method: 'later' }],
      [
        { name: 'b', method: 'later' },
        { name: 'a', method: 'now' },
      ],
    ),
  ).toBe(true);
  expect(sameValue(rule, [{ name: 'a' }], [{ name: 'a', method: 'later' }])).toBe(false);
  expect(sameValue({ compareAs: 'set' }, ['a', 'b'], ['a'])).toBe(false);
});

test('what was observed becomes inputs in the spelling of the program, with what differs from the default', () => {
  const given = { name: 'a', policy: '{"a":["x"]}', secretly: 1, groups: ['x', 'y'] };
  const seen = { name: 'a', policy: '{"a":"x"}', groups: ['y', 'x'], size: 5, public: true, arn: 'arn' };
  expect(observedInputs(rules, given, seen)).toEqual({ ...given, public: true });
  expect(observedInputs(rules, {}, { name: 'a', size: 5, public: false })).toEqual({
    name: 'a',
    size: 5,
    public: false,
  });
});

test('unknown properties are named with their path, however deep', () => {
  const found = unknownProperties(rules, { name: 'a', colour: 'red', rule: [{ days: 1, hours: 2, mode: null }] });
  expect(found.map(({ property }) => property)).toEqual(['colour', 'rule[0].hours']);
});
