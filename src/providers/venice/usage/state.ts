import { z } from 'zod';
import type { Observation } from '../../../core/statement/statement.ts';
import { DAY, type Instant, isoDay, startOfDay } from '../../../core/values/time.ts';
import { Amount, defineState } from '../../api/state.ts';
import type { UsageAggregator } from './aggregator.ts';
import { SETTLE_MS } from './plan.ts';
import { parseSku } from './sku.ts';

/** What a feed remembers of its last poll; nothing in it is more than a short cut or a hint. */
const UsageState = z.object({
  /** When `usage-history` was last found missing, on a server that has only the retired endpoint. */
  legacyAt: z.number().optional(),
  /** Starts of the days that were put off once: they are not put off again. */
  putOff: z.array(z.number()).default([]),
  /** By SKU: when it was last charged, and the price of that in US dollars. */
  prices: z.record(z.string(), z.tuple([z.number(), Amount])).default({}),
  /** By settled UTC day and currency: what was counted as refunds. A day that was not read since it settled is absent. */
  refunds: z.record(z.string(), z.record(z.string(), Amount)).default({}),
});
export type UsageState = z.infer<typeof UsageState>;

const state = defineState(UsageState);

export function readState(text: string | undefined): UsageState {
  return state.read(text) ?? UsageState.parse({});
}

/** Without what is empty. */
export function writeState(value: UsageState): string {
  const parts = Object.entries(UsageState.encode(value));
  return JSON.stringify(
    Object.fromEntries(parts.filter(([, part]) => typeof part !== 'object' || Object.keys(part).length > 0)),
  );
}

/** Whether the server was found to have only the retired endpoint; it may have learnt the new one a day later. */
export function isLegacy({ legacyAt }: UsageState, now: Instant): boolean {
  return legacyAt !== undefined && legacyAt <= now && now - legacyAt < DAY;
}

/** A price is forgotten when its SKU was not charged for this long: its other series leave then, too. */
const PRICE_MS = 70 * DAY;
const MAX_PRICES = 2000;

/** The remembered prices and those just seen, the newest of each SKU by the time of its charge. */
export function pricesAfter({ prices }: UsageState, seen: UsageAggregator['prices'], now: Instant) {
  const newest = new Map<string, UsageState['prices'][string]>();
  for (const [sku, charged] of [...Object.entries(prices), ...seen]) {
    if (charged[0] >= (newest.get(sku)?.[0] ?? now - PRICE_MS)) newest.set(sku, charged);
  }
  return Object.fromEntries([...newest].sort(([, [a]], [, [b]]) => b - a).slice(0, MAX_PRICES));
}

/** Every feed shows the prices it knows; which of them is the last one, their times tell. */
export function observePrices(prices: UsageState['prices']): Observation[] {
  return Object.entries(prices).map(([sku, [at, value]]) => ({
    metric: 'unitPrice',
    labels: { resource: '', model: parseSku(sku).model, tier: '', sku },
    value,
    at,
    until: at + PRICE_MS,
  }));
}

/** Settled days whose refunds are remembered: those that analytics are set against, and some more. */
const KEPT_MS = 10 * DAY;

/**
 * What was counted as refunds, by settled day and currency, after one more reading.
 *
 * The ledger holds charges less refunds: add these to get the charges. A day is remembered once it was read whole
 * after it settled, so that the ledger's cells are of that reading, too; it is there even where nothing was refunded.
 */
export function refundsAfter(
  remembered: UsageState['refunds'],
  { range: { start, end }, refunds }: UsageAggregator,
  { now, isWhole }: { readonly now: Instant; readonly isWhole: boolean },
): UsageState['refunds'] {
  const oldest = startOfDay(now) - KEPT_MS;
  const isDay = startOfDay(start) === start && end === start + DAY;
  const isFinal = isWhole && isDay && now >= end + SETTLE_MS && start >= oldest;
  const others = Object.entries(remembered).filter(([day]) => day >= isoDay(oldest) && day !== isoDay(start));
  return Object.fromEntries(isFinal ? [...others, [isoDay(start), Object.fromEntries(refunds)]] : others);
}
