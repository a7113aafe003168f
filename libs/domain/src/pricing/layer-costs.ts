import { BulkheadError } from '@bulkhead/kernel';
import { addMoney, money, scaleMoney, sumMoney, type Money } from '../commercial/money.js';
import type { PlanCharge } from '../commercial/plan-price.js';
import { LAYERS, type Isolation, type Layer, type Region } from '../placement/layers.js';
import type { BillingInterval, PriceTableTemplate, TierTemplate } from '../templates/template-types.js';

export interface LayerCost {
  readonly layer: Layer;
  readonly isolation: Isolation;
  /** Estimated cost of one month. */
  readonly monthly: Money;
}

export interface TierCost {
  readonly layers: readonly LayerCost[];
  readonly monthly: Money;
}

/**
 * What the layers of a tier cost the vendor in a month: an estimate from a dated table, not a bill.
 * @throws BulkheadError `price_missing` (422) naming what the table lacks.
 */
export function tierCost(
  table: PriceTableTemplate,
  tier: Pick<TierTemplate, 'layers' | 'database'>,
  region: Region,
): TierCost {
  const layers = LAYERS.map((layer) => ({
    layer,
    isolation: tier.layers[layer],
    monthly: money(layerMinor(table, tier, region, layer), table.currency),
  }));
  return {
    layers,
    monthly: sumMoney(
      layers.map(({ monthly }) => monthly),
      table.currency,
    ),
  };
}

function layerMinor(
  table: PriceTableTemplate,
  { layers, database }: Pick<TierTemplate, 'layers' | 'database'>,
  region: Region,
  layer: Layer,
): number {
  const prices = table.regions[region];
  if (!prices) throw priceMissing(table, `prices for ${region}`);
  if (layers[layer] === 'shared') return prices.shared[layer];
  if (layer !== 'database') return prices.dedicated[layer];
  const instance = database && prices.dedicated.instances[database.instanceClass];
  if (!database || instance === undefined)
    throw priceMissing(table, `a price of ${database?.instanceClass ?? 'the database'} in ${region}`);
  return instance + database.storageGb * prices.dedicated.databaseGb;
}

/** What an account, a network and an application of the customer's own would add in a month. */
export function singleTenantExtra(table: PriceTableTemplate, region: Region): Money {
  const prices = table.regions[region];
  if (!prices) throw priceMissing(table, `prices for ${region}`);
  return money(prices.singleTenant, table.currency);
}

/** A plan's price for a month; a yearly one in twelfths, rounded half to even. */
export function monthlyPrice(charge: PlanCharge, interval: BillingInterval): Money {
  return interval === 'month' ? charge.total : scaleMoney(charge.total, 1, 12);
}

export interface Margin {
  readonly monthly: Money;
  /** Hundredths of a percent of the price, rounded towards zero; null when the price is zero. */
  readonly basisPoints: number | null;
}

/** @throws BulkheadError `currency_mismatch` (422) when price and costs are in different currencies. */
export function marginOf(price: Money, cost: Money): Margin {
  const monthly = addMoney(price, money(-cost.amountMinor, cost.currency));
  const basisPoints = price.amountMinor === 0 ? null : Math.trunc((monthly.amountMinor * 10_000) / price.amountMinor);
  return { monthly, basisPoints };
}

function priceMissing(table: PriceTableTemplate, what: string): BulkheadError {
  return new BulkheadError({
    code: 'price_missing',
    status: 422,
    publicMessage: `The price table ${table.name}@${table.version} has no ${what}.`,
    remediation: 'Add it in a new version of the table in tenant-templates/prices and start the worker.',
  });
}
