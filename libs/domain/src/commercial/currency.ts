/**
 * Currencies that Bulkhead bills in, with the digits of their minor unit (ISO 4217, list one). Currencies with three
 * digits are left out: payment providers round them to two, which would break the equality of our books and theirs.
 */
export const MINOR_DIGITS = { USD: 2, EUR: 2, GBP: 2, CAD: 2, AUD: 2, CHF: 2, JPY: 0 } as const;

export type Currency = keyof typeof MINOR_DIGITS;
export const CURRENCIES = Object.keys(MINOR_DIGITS) as readonly Currency[];
