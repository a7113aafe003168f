import type { BillingInterval, Currency } from '@bulkhead/domain';
import type { Stripe } from 'stripe';
import { billingConflict, type BilledPlan } from '../port.js';
import { existsAlready } from './stripe-call.js';

/** One thing that a subscription is made of, found at Stripe by its lookup key. */
interface CataloguePrice {
  readonly lookupKey: string;
  readonly productId: string;
  readonly title: string;
  readonly unitAmountMinor: number;
  readonly currency: Currency;
  readonly interval: BillingInterval;
}

const FEATURE_PREFIX = 'bulkhead_feature_';

/**
 * Prices of a plan version: the licence, and the platform fee where there is one. A plan version never changes, so its
 * prices are made once and found by lookup key ever after.
 */
export async function ensurePlanPrices(stripe: Stripe, plan: BilledPlan, quantity: number) {
  const productId = `bulkhead_plan_${plan.name}_v${plan.version}`;
  const shared = { currency: plan.currency, interval: plan.interval };
  const licence = await ensurePrice(stripe, {
    ...shared,
    productId,
    title: plan.title,
    lookupKey: `${productId}_licence`,
    unitAmountMinor: plan.price.unitAmountMinor,
  });
  if (plan.price.platformFeeMinor === undefined) return [{ price: licence, quantity }];
  const fee = await ensurePrice(stripe, {
    ...shared,
    productId: `${productId}_platform_fee`,
    title: `${plan.title}: platform fee`,
    lookupKey: `${productId}_platform_fee`,
    unitAmountMinor: plan.price.platformFeeMinor,
  });
  return [
    { price: licence, quantity },
    { price: fee, quantity: 1 },
  ];
}

/**
 * The free price whose product carries one feature. A customer is entitled to the features of the products it
 * subscribes to, and a feature attached later takes effect at the next billing period only
 * (https://docs.stripe.com/billing/entitlements). So each feature has a product of its own, complete before anybody
 * subscribes to it, and a grant is a free subscription item: it works at once and reaches one customer only.
 */
export async function ensureFeaturePrice(
  stripe: Stripe,
  feature: string,
  currency: Currency,
  interval: BillingInterval,
): Promise<string> {
  const productId = `${FEATURE_PREFIX}${feature}`;
  const featureId = await ensureFeature(stripe, feature);
  await ensureProduct(stripe, productId, `Feature: ${feature}`);
  const attached = await stripe.products.listFeatures(productId, { limit: 100 });
  if (!attached.data.some(({ entitlement_feature: { id } }) => id === featureId)) {
    await stripe.products.createFeature(productId, { entitlement_feature: featureId });
  }
  return ensurePrice(stripe, {
    productId,
    title: `Feature: ${feature}`,
    lookupKey: `${productId}_${currency.toLowerCase()}_${interval}`,
    unitAmountMinor: 0,
    currency,
    interval,
  });
}

/** The feature that a subscription item grants; undefined for an item that is part of the plan. */
export function featureOfPrice(price: Pick<Stripe.Price, 'product'>): string | undefined {
  const product = typeof price.product === 'string' ? price.product : price.product.id;
  return product.startsWith(FEATURE_PREFIX) ? product.slice(FEATURE_PREFIX.length) : undefined;
}

/** The feature of an active entitlement; undefined for one that Bulkhead does not manage. */
export function featureOfLookupKey(lookupKey: string): string | undefined {
  return lookupKey.startsWith(FEATURE_PREFIX) ? lookupKey.slice(FEATURE_PREFIX.length) : undefined;
}

async function ensureFeature(stripe: Stripe, feature: string): Promise<string> {
  const lookupKey = `${FEATURE_PREFIX}${feature}`;
  const found = await stripe.entitlements.features.list({ lookup_key: lookupKey });
  const [known] = found.data;
  if (known !== undefined) return known.id;
  const created = await stripe.entitlements.features.create(
    { lookup_key: lookupKey, name: feature },
    { idempotencyKey: `feature:${lookupKey}` },
  );
  return created.id;
}

async function ensureProduct(stripe: Stripe, id: string, name: string): Promise<void> {
  try {
    // The id that we choose makes the product unique, so no idempotency key is needed.
    await stripe.products.create({ id, name });
  } catch (error) {
    if (!existsAlready(error)) throw error;
  }
}

async function ensurePrice(stripe: Stripe, wanted: CataloguePrice): Promise<string> {
  const found = await stripe.prices.list({ lookup_keys: [wanted.lookupKey], active: true });
  const [known] = found.data;
  if (known !== undefined) {
    requireSamePrice(known, wanted);
    return known.id;
  }
  await ensureProduct(stripe, wanted.productId, wanted.title);
  const created = await stripe.prices.create(
    {
      product: wanted.productId,
      currency: wanted.currency.toLowerCase(),
      unit_amount: wanted.unitAmountMinor,
      recurring: { interval: wanted.interval },
      lookup_key: wanted.lookupKey,
    },
    { idempotencyKey: `price:${wanted.lookupKey}` },
  );
  return created.id;
}

function requireSamePrice(known: Stripe.Price, wanted: CataloguePrice): void {
  const same =
    known.unit_amount === wanted.unitAmountMinor &&
    known.currency === wanted.currency.toLowerCase() &&
    known.recurring?.interval === wanted.interval;
  if (same) return;
  throw billingConflict(
    `The price ${wanted.lookupKey} at Stripe differs from the published plan.`,
    'Publish a new version of the plan, or give the price back its amount at Stripe: a published version never changes.',
  );
}
