import { readingsWithin } from '../ledger/readings.ts';
import { OVERFLOW } from '../ledger/series-key.ts';
import type { LedgerState } from '../ledger/state.ts';
import type { LabelFilter, NetCost } from '../statement/series.ts';
import { gapsIn } from '../values/ranges.ts';
import { DAY, GRANULARITIES, type Instant, type Range } from '../values/time.ts';

/**
 * The net cost of an account in a range of whole UTC days; undefined unless every bucket of every stream was read, and where what
 * the filter asks about was folded into the overflow series.
 */
export function netCostOf(
  book: LedgerState,
  account: number,
  range: Range,
  which?: LabelFilter,
): NetCost | undefined {
  const streams = [...book.streams.values()].filter((stream) => stream.account === account);
  const isOpen = streams.every(({ closedBefore }) => closedBefore <= range.start);
  const asOfs = streams.map(({ id }) => readSince(book, id, range));
  if (streams.length === 0 || !isOpen || asOfs.includes(undefined)) return undefined;
  let usd = 0n;
  for (let day = range.start; day < range.end; day += DAY) {
    for (const [id, value] of book.periodTotals('day', day)) {
      const row = book.series.get(id);
      if (!row || !streams.some((stream) => stream.id === row.stream)) continue;
      if (which && row.resource === OVERFLOW && value !== 0n) return undefined;
      if (!which || which(row)) usd += value;
    }
  }
  return { usd, asOf: Math.min(...asOfs.flatMap((asOf) => asOf ?? [])) };
}

/** The oldest as-of within the range of the granularity that was read last of those that cover it whole. */
function readSince(book: LedgerState, stream: number, range: Range): Instant | undefined {
  const whole = GRANULARITIES.map((each) =>
    readingsWithin(book.readings(stream, each, 'current'), range),
  ).filter((runs) => gapsIn(runs, range).length === 0);
  if (whole.length === 0) return undefined;
  return Math.max(...whole.map((runs) => Math.min(...runs.map(({ asOf }) => asOf))));
}
