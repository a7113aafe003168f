import { waitFor } from '@bulkhead/kernel';
import type { Logger } from '@bulkhead/runtime';
import { every } from './chores.js';

const logger = { warn: () => undefined } as unknown as Logger;

it('a chore that is under way has ended when stopping it has, and no other turn begins', async () => {
  let free: () => void = () => undefined;
  const freed = new Promise<void>((resolve) => (free = resolve));
  const told: string[] = [];
  const chore = every(1, logger, async () => {
    told.push('begun');
    await freed;
    told.push('ended');
  });
  const stopped = chore.stop().then(() => told.push('stopped'));
  free();
  await stopped;
  expect(told).toEqual(['begun', 'ended', 'stopped']);
});

it('one that fails has its next turn all the same', async () => {
  let turns = 0;
  const chore = every(1, logger, async () => {
    turns += 1;
    throw new Error('not today');
  });
  await waitFor('a second turn', () => turns > 1);
  await chore.stop();
  expect(turns).toBeGreaterThan(1);
});
