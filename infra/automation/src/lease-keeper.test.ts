import { jest } from '@jest/globals';
import { Redacted } from '@bulkhead/kernel';
import type pg from 'pg';
import { keepLease } from './lease-keeper.js';

const lease = { stack: 's', token: '1', login: 'l', password: new Redacted('p') };
const TTL = 20_000;

/** A database that answers each heartbeat as told. */
function database(answer: () => Promise<{ rowCount: number }>): { pool: pg.Pool; beats: () => number } {
  const query = jest.fn(answer);
  return { pool: { query } as unknown as pg.Pool, beats: () => query.mock.calls.length };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test('heartbeats come several times within the life of a lease, and the lease is kept', async () => {
  const lost = jest.fn();
  const { pool, beats } = database(() => Promise.resolve({ rowCount: 1 }));
  const keeper = keepLease(pool, lease, TTL, lost);
  await jest.advanceTimersByTimeAsync(3 * TTL);
  expect(beats()).toBeGreaterThanOrEqual(12);
  expect(lost).not.toHaveBeenCalled();
  await keeper.stop();
});

test("a lease that is somebody else's is lost at the next heartbeat, and said once", async () => {
  const lost = jest.fn();
  const keeper = keepLease(database(() => Promise.resolve({ rowCount: 0 })).pool, lease, TTL, lost);
  await jest.advanceTimersByTimeAsync(TTL);
  expect(lost).toHaveBeenCalledTimes(1);
  await keeper.stop();
});

test.each([
  ['refuses', () => Promise.reject(new Error('connection refused'))],
  ['never answers', () => new Promise<never>(() => undefined)],
])('a database that %s loses the lease before another may take it', async (_, answer) => {
  const lost = jest.fn();
  keepLease(database(answer).pool, lease, TTL, lost);
  await jest.advanceTimersByTimeAsync(TTL / 2);
  expect(lost).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(TTL / 2);
  expect(lost).toHaveBeenCalledTimes(1);
});

test('a database that comes back in time keeps the lease', async () => {
  const lost = jest.fn();
  let away = true;
  const keeper = keepLease(
    database(() => (away ? Promise.reject(new Error('away')) : Promise.resolve({ rowCount: 1 }))).pool,
    lease,
    TTL,
    lost,
  );
  await jest.advanceTimersByTimeAsync(TTL / 2);
  away = false;
  await jest.advanceTimersByTimeAsync(5 * TTL);
  expect(lost).not.toHaveBeenCalled();
  await keeper.stop();
});
