import { posix } from 'node:path';
import fc from 'fast-check';
import { checkedKey, checkedPrefix } from './object-key.js';

const invalid = expect.objectContaining({ code: 'object_key_invalid', status: 400 });

it.each([
  '',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  '../b',
  'a/../../b',
  'a/./b',
  'a/..',
  'a\u0000b',
  'a\nb',
  'a\u007f',
  'a\\..\\b',
  'a\ud800',
  'ü'.repeat(451),
])('refuses the key %j', (key) => {
  expect(() => checkedKey(key)).toThrow(invalid);
});

it.each(['a', 'a/b c/ü.txt', '..a', 'a..', '...', '%2e%2e/a', 'x'.repeat(900)])('takes the key %j', (key) => {
  expect(checkedKey(key)).toBe(key);
});

it('takes nothing that a path resolver would move', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a./\\]{0,12}$/), (key) => {
      try {
        checkedKey(key);
      } catch {
        return;
      }
      expect(posix.normalize(`b/tenant/${key}`)).toBe(`b/tenant/${key}`);
    }),
    { numRuns: 2000 },
  );
});

it('lists below an empty prefix, a part of a name, or a folder, and nothing else', () => {
  for (const prefix of ['', 'a', 'a/', 'a/b']) expect(checkedPrefix(prefix)).toBe(prefix);
  for (const prefix of ['/', '../', 'a/../', 'a//']) expect(() => checkedPrefix(prefix)).toThrow(invalid);
});
