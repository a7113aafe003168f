import { BulkheadError } from '@bulkhead/kernel';
import type { PlanTemplate, PriceModel } from '../templates/template-types.js';
import { money, scaleMoney, sumMoney, type Money } from './money.js';

/** Quota that caps what a price model counts; `flat` counts nothing. */
export const COUNTED_QUOTA = {
  'per-provider': 'providers',
  'per-clinic': 'clinics',
  flat: undefined,
} as const satisfies Record<PriceModel, string | undefined>;

export interface PriceLine {
  readonly code: 'licence' | 'platform-fee';
  readonly quantity: number;
  readonly unitAmount: Money;
  readonly amount: Money;
}

/** What one whole interval costs. `total` is the sum of the lines. */
export interface PlanCharge {
  readonly lines: readonly PriceLine[];
  readonly total: Money;
}

/**
 * Price of one interval of a plan.
 * @param quantity providers or clinics, from 1 to the plan's quota; a flat plan is bought once (1).
 * @throws BulkheadError `invalid_quantity` (422) at `/quantity`.
 */
export function planCharge(
  plan: Pick<PlanTemplate, 'currency' | 'price' | 'quotas' | 'title'>,
  quantity: number,
): PlanCharge {
  checkQuantity(plan, quantity);
  const { currency, price } = plan;
  const licence = priceLine('licence', quantity, money(price.unitAmountMinor, currency));
  const lines =
    price.platformFeeMinor === undefined
      ? [licence]
      : [licence, priceLine('platform-fee', 1, money(price.platformFeeMinor, currency))];
  return {
    lines,
    total: sumMoney(
      lines.map((line) => line.amount),
      currency,
    ),
  };
}

function priceLine(code: PriceLine['code'], quantity: number, unitAmount: Money): PriceLine {
  return { code, quantity, unitAmount, amount: scaleMoney(unitAmount, quantity) };
}

function checkQuantity(plan: Pick<PlanTemplate, 'price' | 'quotas' | 'title'>, quantity: number): void {
  const counted = COUNTED_QUOTA[plan.price.model];
  const most = counted === undefined ? 1 : (plan.quotas[counted] ?? 0);
  if (Number.isSafeInteger(quantity) && quantity >= 1 && quantity <= most) return;
  const rule = counted === undefined ? 'is sold once, as a whole' : `is sold for 1 to ${most} ${counted}`;
  throw new BulkheadError({
    code: 'invalid_quantity',
    status: 422,
    publicMessage: `The plan "${plan.title}" ${rule}.`,
    remediation:
      counted === undefined ? 'Send quantity 1.' : `Send a quantity from 1 to ${most}, or choose a larger plan.`,
    errors: [{ pointer: '/quantity', message: `The plan ${rule}.` }],
  });
}
