import { type Fixed, fromNumber, ONE } from './money.ts';
import type { Instant } from './time.ts';

/** What one unit of a currency is worth in dollars, from an instant on. */
export interface Rate {
  /** `-Infinity` if the rate always applied. */
  readonly from: Instant;
  readonly usd: Fixed;
}

/** Currency names, upper case, and their rates, oldest first. */
export type Rates = ReadonlyMap<string, readonly Rate[]>;

/** A rate that always applied. */
export function constantRate(usd: Fixed): readonly Rate[] {
  return [{ from: Number.NEGATIVE_INFINITY, usd }];
}

/**
 * Default rates: the dollar, and the virtual currencies that are defined by the dollar.
 *
 * DIEM is one dollar of compute (https://docs.venice.ai/overview/about-venice), VCU, its predecessor, a tenth of one.
 */
export const DEFAULT_RATES: Rates = new Map([
  ['USD', constantRate(ONE)],
  ['DIEM', constantRate(ONE)],
  ['VCU', constantRate(fromNumber(0.1))],
  ['BUNDLED_CREDITS', constantRate(ONE)],
  ['EARNED_CREDITS', constantRate(ONE)],
]);

/** Currencies that refill every day: a balance in them never runs out for good. */
export const REFILLING: ReadonlySet<string> = new Set(['DIEM', 'VCU']);

/**
 * Dollars for one unit of `currency` in the bucket that starts at `at`.
 *
 * Undefined if no rate exists, also before the first `from`: such an amount is neither dollars nor zero.
 */
export function rateAt(rates: Rates, currency: string, at: Instant): Fixed | undefined {
  return rates.get(currency.toUpperCase())?.findLast((rate) => rate.from <= at)?.usd;
}
