/** What a claim asks for. */
export interface ClaimedAmount {
  /** Minor units of the currency. */
  readonly amount: number;
  readonly currency: string;
}

/** Above this, in minor units, a payer wants to be asked first. */
const PRIOR_AUTHORISATION_FROM = 1_000_000;
const CURRENCIES = ['USD'];

/** The sample's payer: pays what is in its currency and below the amount that needs its authorisation. */
export function adjudicate({ amount, currency }: ClaimedAmount): { readonly refusal: string | null } {
  if (!CURRENCIES.includes(currency)) return { refusal: 'currency_not_paid' };
  return { refusal: amount >= PRIOR_AUTHORISATION_FROM ? 'prior_authorisation_missing' : null };
}
