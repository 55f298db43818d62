import type { SeriesKey } from '../statement/series.ts';
import type { Instant } from '../values/time.ts';
import type { AccountRow, SeriesRow } from './records.ts';
import type { LedgerState } from './state.ts';
import { isRetired } from './zero-hold.ts';

/**
 * The series that shows the known 0 of an account without a series of cost. It has no row, only a mark on
 * its account once it has been shown: a charge with these very labels gets a row, which begins where this series did and at what it
 * shows.
 */
export const ZERO_SERIES = {
  measure: 'cost',
  resource: '',
  model: '',
  tier: '',
  detail: 'USD',
} as const satisfies SeriesKey;

export function isZeroSeries({ measure, resource, model, tier, detail }: SeriesKey): boolean {
  return measure === 'cost' && detail === ZERO_SERIES.detail && `${resource}${model}${tier}` === '';
}

/** Since when an account that spent nothing has been at 0. */
export function zeroSince({ openedAt, baseline }: AccountRow): Instant {
  return Math.max(openedAt, baseline ?? openedAt);
}

/** Whether a series of cost is shown at `now`. */
export function isShownCost(row: SeriesRow, now: Instant): boolean {
  return row.measure === 'cost' && row.target === row.id && !isRetired(row, now);
}

/** What the counters of an account's {@link ZERO_SERIES} show: 0, or where one with its labels has retired, what that one had. */
export function zeroCounters(
  book: LedgerState,
  account: AccountRow,
): Pick<SeriesRow, 'total' | 'corrections' | 'createdAt'> {
  for (const stream of book.streams.values()) {
    const row = stream.account === account.id ? book.seriesOf(stream.id, ZERO_SERIES) : undefined;
    if (row && row.target === row.id) return row;
  }
  return { total: 0n, corrections: 0n, createdAt: zeroSince(account) };
}
