import fc from 'fast-check';
import { CURRENCIES } from './currency.js';
import { addMoney, allocateMoney, money, scaleMoney, sumMoney, type Money } from './money.js';

const currency = fc.constantFrom(...CURRENCIES);
const amount = fc.record({ amountMinor: fc.maxSafeInteger(), currency }).map((m) => money(m.amountMinor, m.currency));
const small = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
const usd = (amountMinor: number): Money => money(amountMinor, 'USD');

describe('money', () => {
  it('refuses fractions, unsafe integers and unknown currencies', () => {
    for (const bad of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(() => usd(bad)).toThrow('whole number');
    expect(() => money(1, 'XYZ' as 'USD')).toThrow('currency');
    expect(() => money(1, 'toString' as 'USD')).toThrow('currency');
  });

  it('never adds two currencies, and reports an overflow instead of rounding', () => {
    expect(() => addMoney(usd(1), money(1, 'EUR'))).toThrow('Cannot add USD and EUR');
    expect(() => addMoney(usd(Number.MAX_SAFE_INTEGER), usd(1))).toThrow('whole number');
    expect(() => scaleMoney(usd(Number.MAX_SAFE_INTEGER), 2)).toThrow('whole number');
  });

  it.each([
    [5, 1, 2, 2],
    [7, 1, 2, 4],
    [-5, 1, 2, -2],
    [-7, 1, 2, -4],
    [10, 1, 3, 3],
    [20, 1, 3, 7],
    [1, 1, 2, 0],
  ])('rounds %i × %i/%i half to even: %i', (amountMinor, numerator, denominator, expected) => {
    expect(scaleMoney(usd(amountMinor), numerator, denominator)).toEqual(usd(expected));
  });

  it('scales to the nearest minor unit, and to the even one of two that are equally near', () => {
    fc.assert(
      fc.property(
        small,
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        (value, numerator, denominator) => {
          const result = BigInt(scaleMoney(usd(value), numerator, denominator).amountMinor);
          const twiceError = 2n * (result * BigInt(denominator) - BigInt(value) * BigInt(numerator));
          const distance = twiceError < 0n ? -twiceError : twiceError;
          const tie = distance === BigInt(denominator);
          expect(tie ? result % 2n === 0n : distance < BigInt(denominator)).toBe(true);
        },
      ),
    );
  });

  it('scales a debt like the claim that mirrors it', () => {
    fc.assert(
      fc.property(small, fc.nat(10_000), fc.integer({ min: 1, max: 10_000 }), (value, numerator, denominator) => {
        const [claim, debt] = [
          scaleMoney(usd(value), numerator, denominator),
          scaleMoney(usd(-value), numerator, denominator),
        ];
        expect(addMoney(claim, debt)).toEqual(usd(0));
      }),
    );
  });
});

describe('allocation', () => {
  const weights = fc
    .array(fc.nat(1_000_000), { minLength: 1, maxLength: 40 })
    .filter((list) => list.some((weight) => weight > 0));

  it('loses no minor unit', () => {
    fc.assert(
      fc.property(amount, weights, (whole, list) => {
        const shares = allocateMoney(whole, list);
        expect(shares.reduce((sum, share) => sum + BigInt(share.amountMinor), 0n)).toBe(BigInt(whole.amountMinor));
      }),
    );
  });

  it('keeps each share within one minor unit of its exact part, and gives nothing for a weight of 0', () => {
    fc.assert(
      fc.property(amount, weights, (whole, list) => {
        const total = BigInt(list.reduce((sum, weight) => sum + weight, 0));
        allocateMoney(whole, list).forEach((share, index) => {
          const weight = BigInt(list[index] ?? 0);
          const error = BigInt(share.amountMinor) * total - BigInt(whole.amountMinor) * weight;
          expect(weight === 0n ? share.amountMinor === 0 : error < total && error > -total).toBe(true);
        });
      }),
    );
  });

  it('gives the larger remainder the unit that is left, and the earlier one on a tie', () => {
    expect(allocateMoney(usd(100), [1, 1, 1]).map((share) => share.amountMinor)).toEqual([34, 33, 33]);
    expect(allocateMoney(usd(10), [1, 3, 3]).map((share) => share.amountMinor)).toEqual([2, 4, 4]);
    expect(allocateMoney(usd(-100), [1, 1, 1]).map((share) => share.amountMinor)).toEqual([-34, -33, -33]);
  });

  it('refuses weights that say nothing', () => {
    for (const bad of [[], [0, 0], [-1, 2], [0.5, 1]]) expect(() => allocateMoney(usd(1), bad)).toThrow(/weight/i);
  });

  it('adds nothing up to zero of the currency', () => {
    expect(sumMoney([], 'JPY')).toEqual(money(0, 'JPY'));
  });
});
