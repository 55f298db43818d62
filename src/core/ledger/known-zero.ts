import type { SeriesKey } from '../statement/series.ts';
import type { Instant } from '../values/time.ts';
import { firstAsOf } from './coverage.ts';
import type { AccountRow, SeriesRow } from './records.ts';
import type { LedgerState } from './state.ts';
import { isRetired } from './zero-hold.ts';

/**
 * The series that shows the known 0 of an account without a series of cost. It has no row, only a mark on its account once it has
 * been shown. A charge with the same labels gets a row that begins where this series did, at what it shows.
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

/** When an account that has spent nothing began at 0: with its first reading. Undefined before that. */
export function zeroSince(state: LedgerState, { id, openedAt }: AccountRow): Instant | undefined {
  const first = firstAsOf(state, id);
  return first === undefined ? undefined : Math.max(openedAt, first);
}

/** Whether a series of cost is shown at `now`. */
export function isShownCost(row: SeriesRow, now: Instant): boolean {
  return row.measure === 'cost' && row.target === row.id && !isRetired(row, now);
}

/** What the counters of an account's {@link ZERO_SERIES} show: 0, or if one with its labels has retired, what that one had. */
export function zeroCounters(
  state: LedgerState,
  account: AccountRow,
): Pick<SeriesRow, 'total' | 'corrections' | 'createdAt'> {
  for (const { id } of state.streamsOf(account.id)) {
    const row = state.seriesOf(id, ZERO_SERIES);
    if (row && row.target === row.id) return row;
  }
  return { total: 0n, corrections: 0n, createdAt: zeroSince(state, account) ?? account.openedAt };
}
