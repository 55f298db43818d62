import type { Cell, Cells } from '../ledger/cell.ts';
import { resolveBucket } from '../ledger/composition.ts';
import { hasHourlyTotals } from '../ledger/hourly-totals.ts';
import { knownRanges } from '../ledger/readings.ts';
import type { LedgerState } from '../ledger/state.ts';
import { divideHalfEven, type Fixed, type Usd } from '../values/money.ts';
import { joinedRanges } from '../values/ranges.ts';
import {
  coarsestOf,
  DAY,
  floorTo,
  type Granularities,
  type Granularity,
  HOUR,
  type Instant,
  type Range,
  startOfDay,
} from '../values/time.ts';
import { type PublishInput, settingsOf, type WindowCoverage, windowCoverage } from './windows.ts';

export type ReadCells = (granularity: Granularity, range: Range) => Cells;

/** Net US dollars by the currency they were paid with. */
export type SpendByCurrency = ReadonlyMap<string, Usd>;

/** A provider that shows the last day by the hour leaves out the hour in which it begins. */
const MIN_MS = 23 * HOUR;

/**
 * What a stream costs in 24 hours, by the last 24 hours that were read, counting the hour in which they begin in proportion. If the
 * first of them was not read, the remaining 23 hours or more are scaled up. A stream that is read by the day only: its last whole day.
 *
 * Undefined if there is a gap, if the readings ended longer ago than they normally lag, or if finer readings are missing.
 */
export function dailySpend(
  input: PublishInput,
  stream: number,
  readCells: ReadCells,
): SpendByCurrency | undefined {
  const settings = settingsOf(input, stream);
  const coverage = windowCoverage(input, stream);
  if (!settings || !coverage) return undefined;
  // What is billed only once its day has ended lags by a day more.
  const lagMs = coverage.lagMs + (coverage.hasClosedDays ? DAY : 0);
  if (input.now - coverage.through > lagMs) return undefined;
  const finer = settings.granularities.filter((each) => each !== 'day');
  const [finest, ...coarser] = finer;
  if (!finest) return spendOfLastDay(input.state, coverage, readCells);
  const covered = joinedRanges(
    finer.flatMap((each) => input.state.readings(stream, each, 'current').flatMap(knownRanges)),
  );
  const { through } = coverage;
  const read = covered.find(({ start, end }) => start < through && end >= through);
  const range = { start: Math.max(through - DAY, read?.start ?? through), end: through };
  if (range.end - range.start < MIN_MS) return undefined;
  const hourOf = hasHourlyTotals(settings)
    ? (hour: Instant) => input.state.hourlyTotals(stream).get(hour)
    : composedHours(input.state, { stream, granularities: [finest, ...coarser], readCells });
  return scaledToDay(range, hourOf);
}

function spendOfLastDay(
  state: LedgerState,
  { covered, through }: WindowCoverage,
  readCells: ReadCells,
): SpendByCurrency | undefined {
  const end = startOfDay(through);
  const day = { start: end - DAY, end };
  if (!covered.some((range) => range.start <= day.start && range.end >= day.end)) return undefined;
  return spendByCurrency(
    state,
    [...readCells('day', day).values()].flatMap((cells) => [...valuesOf(cells)]),
  );
}

function spendByCurrency(
  state: LedgerState,
  amounts: Iterable<readonly [series: number, value: Fixed]>,
): SpendByCurrency {
  const spend = new Map<string, Usd>();
  for (const [series, value] of amounts) {
    const row = state.series.get(series);
    if (row?.measure === 'cost') spend.set(row.detail, (spend.get(row.detail) ?? 0n) + value);
  }
  return spend;
}

function scaledToDay(
  { start, end }: Range,
  hourOf: (hour: Instant) => SpendByCurrency | undefined,
): SpendByCurrency {
  const spend = new Map<string, Usd>();
  for (let hour = floorTo(HOUR, start); hour < end; hour += HOUR) {
    const share = BigInt(hour + HOUR - Math.max(hour, start));
    for (const [currency, value] of hourOf(hour) ?? []) {
      spend.set(currency, (spend.get(currency) ?? 0n) + value * share);
    }
  }
  const scale = (sum: Usd) => divideHalfEven(sum * BigInt(DAY), BigInt(HOUR) * BigInt(end - start));
  return new Map([...spend].map(([currency, sum]) => [currency, scale(sum)]));
}

interface ComposedStream {
  readonly stream: number;
  readonly granularities: Granularities;
  readonly readCells: ReadCells;
}

/** Hours of a stream with several granularities. Finer ones are looked at only while an hour is not over. */
function composedHours(state: LedgerState, { stream, granularities, readCells }: ComposedStream) {
  return (hour: Instant): SpendByCurrency => {
    const read = new Map<Granularity, Cells>();
    const amounts = (granularity: Granularity, bucket: Instant) => {
      const cells = read.get(granularity) ?? readCells(granularity, { start: hour, end: hour + HOUR });
      read.set(granularity, cells);
      const found = cells.get(bucket);
      return found && valuesOf(found);
    };
    const runs = (granularity: Granularity) => state.readings(stream, granularity, 'current');
    const view = { granularities, settleMs: SETTLED_MS, runs, amounts };
    return spendByCurrency(state, resolveBucket(view, coarsestOf(granularities), hour));
  };
}

/** An hour that was read so long after its end is close enough to the sum of its minutes. */
const SETTLED_MS = HOUR / 6;

function valuesOf(cells: ReadonlyMap<number, Cell>): ReadonlyMap<number, Fixed> {
  return new Map([...cells].map(([series, { value }]) => [series, value]));
}
