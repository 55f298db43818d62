import type { Observation } from '../../../core/statement/statement.ts';
import type { Fixed } from '../../../core/values/money.ts';
import { DAY, type Instant } from '../../../core/values/time.ts';
import type { UsageAggregator } from './aggregator.ts';
import { parseSku } from './sku.ts';
import type { UsageState } from './state.ts';

/** A price is forgotten when its SKU was not charged for this long: its other series leave then, too. */
const PRICE_MS = 70 * DAY;
const MAX_PRICES = 2000;

type Prices = UsageState['prices'];
type SkuPrice = readonly [sku: string, charged: readonly [at: Instant, price: Fixed]];

/** The remembered prices and those just seen, the newest of each SKU by the time of its charge. */
export function pricesOf(seen: UsageAggregator['prices'], remembered: Prices, now: Instant): Prices {
  const found = [...seen].map(([sku, { at, price }]): SkuPrice => [sku, [at, price]]);
  const newest = new Map<string, readonly [Instant, Fixed]>();
  for (const [sku, charged] of [...Object.entries(remembered), ...found]) {
    if (charged[0] >= (newest.get(sku)?.[0] ?? now - PRICE_MS)) newest.set(sku, charged);
  }
  const sorted = [...newest].sort(([, [a]], [, [b]]) => b - a).slice(0, MAX_PRICES);
  return Object.fromEntries(sorted.map(([sku, [at, price]]) => [sku, [at, price]]));
}

/** Every feed shows the prices it knows; which of them is the last one, their times tell. */
export function observationsOf(prices: Prices): Observation[] {
  return Object.entries(prices).map(([sku, [at, value]]) => ({
    metric: 'unitPrice',
    labels: { resource: '', model: parseSku(sku).model, tier: '', sku },
    value,
    at,
    until: at + PRICE_MS,
  }));
}
