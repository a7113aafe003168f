import { RetryBudget } from './retry-budget.js';

const takes = (budget: RetryBudget, tenantId: string, kind: string) => {
  let taken = 0;
  while (budget.take(tenantId, kind)) taken++;
  return taken;
};

it('gives ten retries at first, then one for ten successes', () => {
  const budget = new RetryBudget();
  expect(takes(budget, 'ten_a', 'claim')).toBe(10);
  for (let i = 0; i < 9; i++) budget.succeeded('ten_a', 'claim');
  expect(takes(budget, 'ten_a', 'claim')).toBe(0);
  for (let i = 0; i < 2; i++) budget.succeeded('ten_a', 'claim');
  expect(takes(budget, 'ten_a', 'claim')).toBe(1);
});

it('counts each tenant and each kind for itself', () => {
  const budget = new RetryBudget();
  takes(budget, 'ten_a', 'claim');
  expect(takes(budget, 'ten_a', 'visit')).toBe(10);
  expect(takes(budget, 'ten_b', 'claim')).toBe(10);
});

it('saves up no more than ten', () => {
  const budget = new RetryBudget();
  budget.take('ten_a', 'claim');
  for (let i = 0; i < 1_000; i++) budget.succeeded('ten_a', 'claim');
  expect(takes(budget, 'ten_a', 'claim')).toBe(10);
});
