import { type Fixed, ONE } from './money.ts';
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

/** The rate that needs neither a provider nor a configuration. */
export const DOLLAR_RATES: Rates = new Map([['USD', constantRate(ONE)]]);

/**
 * Dollars for one unit of `currency` in the bucket that starts at `at`.
 *
 * Undefined if no rate exists, also before the first `from`: such an amount is neither dollars nor zero.
 */
export function rateAt(rates: Rates, currency: string, at: Instant): Fixed | undefined {
  return rates.get(currency.toUpperCase())?.findLast((rate) => rate.from <= at)?.usd;
}
