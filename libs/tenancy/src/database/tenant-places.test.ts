import { jest } from '@jest/globals';
import { CONNECTION_TIMEOUT_MS } from './pool-config.js';
import { TenantPlaces } from './tenant-places.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

it('tells who waits in vain that the tenant is busy, and gives the next place to who still waits', async () => {
  const places = new TenantPlaces(4);
  const [free] = await Promise.all([1, 2, 3].map(() => places.take('ten_a')));
  const vain = places.take('ten_a').catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(CONNECTION_TIMEOUT_MS - 1);
  const waiting = places.take('ten_a');
  await places.take('ten_b');
  await jest.advanceTimersByTimeAsync(1);
  expect(await vain).toMatchObject({ code: 'tenant_busy', status: 503, retryable: true });
  free?.();
  expect(await waiting).toBeInstanceOf(Function);
});
