import { randomBytes } from 'node:crypto';
import { waitFor } from '@bulkhead/kernel';
import { DataKeyCache, type DataKey } from './data-key-cache.js';

const dataKey = (version: number): DataKey => ({
  bindingId: 'bnd_1',
  version,
  bytes: randomBytes(32),
  unwrappedAt: performance.now(),
  left: 1,
});
const isZeroed = ({ bytes }: DataKey) => bytes.every((byte) => byte === 0);

it('holds as many keys as allowed and overwrites the one that was used longest ago', () => {
  const cache = new DataKeyCache({ maxKeys: 2 });
  const [one, two, three] = [dataKey(1), dataKey(2), dataKey(3)] as [DataKey, DataKey, DataKey];
  cache.add('ten_a', one);
  cache.add('ten_a', two);
  expect(cache.find('ten_a', one)).toBe(one);
  cache.add('ten_a', three);
  expect(cache.size).toBe(2);
  expect([one, two, three].map(isZeroed)).toEqual([false, true, false]);
  expect(cache.find('ten_a', two)).toBeUndefined();
});

it('gives no tenant the key of another, though binding and version be the same', () => {
  const cache = new DataKeyCache();
  cache.add('ten_a', dataKey(1));
  expect(cache.find('ten_b', { bindingId: 'bnd_1', version: 1 })).toBeUndefined();
});

it('overwrites keys whose time is over, asked for or not', async () => {
  const cache = new DataKeyCache({ maxAgeMs: 5 });
  const [asked, swept] = [dataKey(1), dataKey(2)] as [DataKey, DataKey];
  cache.add('ten_a', asked);
  cache.add('ten_a', swept);
  await waitFor('the first to be too old', () => cache.find('ten_a', asked) === undefined, { intervalMs: 2 });
  expect(isZeroed(asked)).toBe(true);
  await waitFor('the sweep', () => (cache.sweep(), cache.size === 0), { intervalMs: 2 });
  expect(isZeroed(swept)).toBe(true);
});

it('overwrites every key when it is emptied, and one that is replaced', () => {
  const cache = new DataKeyCache();
  const [one, again, two] = [dataKey(1), dataKey(1), dataKey(2)] as [DataKey, DataKey, DataKey];
  cache.add('ten_a', one);
  cache.add('ten_a', again);
  expect([isZeroed(one), isZeroed(again)]).toEqual([true, false]);
  cache.add('ten_a', two);
  cache.clear();
  expect([again, two].every(isZeroed)).toBe(true);
});
