import { readingsWithin } from '../ledger/readings.ts';
import type { PeriodTotalRow, SeriesRow } from '../ledger/records.ts';
import { OVERFLOW } from '../ledger/series-key.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { LabelFilter, NetCost } from '../statement/series.ts';
import type { Usd } from '../values/money.ts';
import { gapsIn } from '../values/ranges.ts';
import { DAY, GRANULARITIES, type Instant, type Range } from '../values/time.ts';
import { completeWindows, type PublishInput, type Window, windowAt, windowState } from './windows.ts';

/** A UTC day or month, whose net cost the ledger keeps by series. */
export type Period = Pick<PeriodTotalRow, 'kind' | 'start'>;

/**
 * Net dollars of each series that cost anything in a period, less corrections. Windows, cost reports, budgets and reconciliations are
 * all sums of these; {@link windowState} and its neighbours decide which of them are complete.
 */
export function* netCosts(state: LedgerState, { kind, start }: Period): Generator<readonly [SeriesRow, Usd]> {
  for (const [id, usd] of state.periodTotals(kind, start)) {
    const row = state.series.get(id);
    if (row && usd !== 0n) yield [row, usd];
  }
}

/** Net dollars of an account in a window, from its `since` on; undefined while they are unknown. */
export function windowCost(input: PublishInput, account: number, window: Window): Usd | undefined {
  if (!windowState(input, account, window).isKnown) return undefined;
  let sum = 0n;
  for (const [{ stream }, usd] of netCosts(input.state, windowAt(window, input.now)))
    if (input.state.streams.get(stream)?.account === account) sum += usd;
  return sum;
}

/** The windows of a stream that can be shown, each with net dollars by series; a series that is absent cost nothing. */
export function windowCosts(input: PublishInput, stream: number): [Window, ReadonlyMap<number, Usd>][] {
  return completeWindows(input, stream).map((window) => {
    const { kind, start } = windowAt(window, input.now);
    return [window, input.state.periodTotals(kind, start)];
  });
}

export function daysOf({ start, end }: Range): Instant[] {
  return Array.from({ length: Math.max(0, (end - start) / DAY) }, (_, index) => start + index * DAY);
}

/**
 * Net cost of an account in a range of whole UTC days, to compare with what the provider says of it. Undefined unless every bucket of
 * every stream was read, and if the filter asks about labels that were folded into the overflow series.
 */
export function netCostOf(
  state: LedgerState,
  account: number,
  range: Range,
  filter?: LabelFilter,
): NetCost | undefined {
  const streams = state.streamsOf(account);
  const asOf = Math.min(
    ...streams.map(({ id, closedBefore }) =>
      closedBefore <= range.start ? readSince(state, id, range) : Number.NEGATIVE_INFINITY,
    ),
  );
  if (!Number.isFinite(asOf)) return undefined;
  const ids = new Set(streams.map(({ id }) => id));
  let usd = 0n;
  for (const start of daysOf(range)) {
    for (const [row, amount] of netCosts(state, { kind: 'day', start })) {
      if (!ids.has(row.stream)) continue;
      if (filter && row.resource === OVERFLOW) return undefined;
      if (!filter || filter(row)) usd += amount;
    }
  }
  return { usd, asOf };
}

/** The oldest as-of within the range, at the granularity that was read last of those that cover it whole; -Infinity if none does. */
function readSince(state: LedgerState, stream: number, range: Range): Instant {
  const whole = GRANULARITIES.map((each) =>
    readingsWithin(state.readings(stream, each, 'current'), range),
  ).filter((readings) => gapsIn(readings, range).length === 0);
  return Math.max(...whole.map((readings) => Math.min(...readings.map(({ asOf }) => asOf))));
}
