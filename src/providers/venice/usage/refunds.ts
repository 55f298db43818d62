import type { Fixed } from '../../../core/values/money.ts';
import { DAY, type Instant, isoDay, type Range, startOfDay } from '../../../core/values/time.ts';
import type { UsageAggregator } from './aggregator.ts';
import { SETTLE_MS } from './plan.ts';
import { readState, type UsageState } from './state.ts';

/** Settled days that are remembered: those that analytics are set against, and some more. */
const KEPT_MS = 10 * DAY;

/**
 * What was counted as refunds, by settled day and currency, after one more reading.
 *
 * The ledger holds charges less refunds: add these to get the charges. A day is remembered once it was read whole
 * after it settled, so that the ledger's cells are of that reading, too; it is there even where nothing was refunded.
 */
export function refundsAfter(
  remembered: UsageState['refunds'],
  { range, refunds }: UsageAggregator,
  { now, isWhole }: { readonly now: Instant; readonly isWhole: boolean },
): UsageState['refunds'] {
  const oldest = isoDay(startOfDay(now) - KEPT_MS);
  const read = isoDay(range.start);
  const others = Object.entries(remembered).filter(([day]) => day >= oldest && day !== read);
  const isFinal = isWhole && isDay(range) && now >= range.end + SETTLE_MS && read >= oldest;
  const own = Object.fromEntries(refunds.map(({ currency, amount }) => [currency, amount]));
  return Object.fromEntries(isFinal ? [...others, [read, own]] : others);
}

function isDay({ start, end }: Range): boolean {
  return startOfDay(start) === start && end === start + DAY;
}

/** What the feed of this state counted as refunds on a day, by currency; undefined where it has not read it since it settled. */
export function refundsOn(
  state: string | undefined,
  day: Instant,
): Readonly<Record<string, Fixed>> | undefined {
  return readState(state).refunds[isoDay(day)];
}
