import { BulkheadError } from '@bulkhead/kernel';
import { MINOR_DIGITS, type Currency } from './currency.js';

/**
 * An amount in minor units (cents for USD) with its ISO 4217 currency. The amount is a safe integer, not a bigint:
 * it travels through JSON, Temporal and Stripe unchanged, and ±2^53 cents is 90 trillion dollars. Products are
 * computed with bigint, so nothing is lost in between; a result outside the safe range is an error, never rounded.
 */
export interface Money {
  readonly amountMinor: number;
  readonly currency: Currency;
}

/** @throws BulkheadError `invalid_money` (422) for a fraction, an unsafe integer or a currency Bulkhead does not bill in. */
export function money(amountMinor: number, currency: Currency): Money {
  if (!Object.hasOwn(MINOR_DIGITS, currency)) throw invalidMoney('The currency is not one that Bulkhead bills in.');
  if (!Number.isSafeInteger(amountMinor))
    throw invalidMoney('An amount is a whole number of minor units within ±2^53.');
  // -0 would print and hash differently from 0.
  return { amountMinor: amountMinor === 0 ? 0 : amountMinor, currency };
}

/** @throws BulkheadError `currency_mismatch` (422), `invalid_money` (422) on overflow. */
export function addMoney(a: Money, b: Money): Money {
  if (a.currency !== b.currency) {
    throw new BulkheadError({
      code: 'currency_mismatch',
      status: 422,
      publicMessage: `Cannot add ${a.currency} and ${b.currency}.`,
      remediation: 'Keep amounts of different currencies apart; Bulkhead does not convert.',
    });
  }
  return money(a.amountMinor + b.amountMinor, a.currency);
}

/** Sum of amounts of one currency; zero of it when there are none. */
export function sumMoney(amounts: readonly Money[], currency: Currency): Money {
  return amounts.reduce(addMoney, money(0, currency));
}

/**
 * `amount × numerator / denominator`, rounded half to even (IEEE 754 roundTiesToEven): over many prorations, halves
 * go up as often as down, so that neither side gains.
 * @param numerator safe integer.
 * @param denominator positive safe integer.
 */
export function scaleMoney(amount: Money, numerator: number, denominator = 1): Money {
  if (!Number.isSafeInteger(numerator) || !Number.isSafeInteger(denominator) || denominator <= 0) {
    throw invalidMoney('A ratio is made of whole numbers with a positive denominator.');
  }
  const product = BigInt(amount.amountMinor) * BigInt(numerator);
  return money(Number(divideHalfEven(product, BigInt(denominator))), amount.currency);
}

function divideHalfEven(value: bigint, divisor: bigint): bigint {
  const negative = value < 0n;
  const magnitude = negative ? -value : value;
  const quotient = magnitude / divisor;
  const twiceRest = (magnitude % divisor) * 2n;
  const up = twiceRest > divisor || (twiceRest === divisor && quotient % 2n === 1n);
  const rounded = up ? quotient + 1n : quotient;
  return negative ? -rounded : rounded;
}

/**
 * Splits an amount in proportion to weights by largest remainder (Hamilton): the shares add up to the amount exactly,
 * and each is within one minor unit of its exact part. Equal remainders go to the earlier share.
 * @param weights non-negative safe integers, at least one positive.
 * @throws BulkheadError `invalid_money` (422) for other weights.
 */
export function allocateMoney(amount: Money, weights: readonly number[]): Money[] {
  const total = weights.reduce((sum, weight) => sum + BigInt(nonNegative(weight)), 0n);
  if (total === 0n) throw invalidMoney('At least one weight must be positive.');
  const negative = amount.amountMinor < 0;
  const magnitude = BigInt(Math.abs(amount.amountMinor));
  const shares = weights.map((weight, index) => {
    const exact = magnitude * BigInt(weight);
    return { index, whole: exact / total, remainder: exact % total };
  });
  const missing = Number(magnitude - shares.reduce((sum, share) => sum + share.whole, 0n));
  const lucky = new Set(
    shares
      .toSorted((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))
      .slice(0, missing)
      .map(({ index }) => index),
  );
  return shares.map(({ index, whole }) => {
    const share = Number(whole) + (lucky.has(index) ? 1 : 0);
    return money(negative ? -share : share, amount.currency);
  });
}

function nonNegative(weight: number): number {
  if (!Number.isSafeInteger(weight) || weight < 0) throw invalidMoney('Weights are whole numbers of at least 0.');
  return weight;
}

function invalidMoney(publicMessage: string): BulkheadError {
  return new BulkheadError({
    code: 'invalid_money',
    status: 422,
    publicMessage,
    remediation: 'Send whole minor units (cents for USD) of a supported ISO 4217 currency.',
  });
}
