import type { Cells } from '../ledger/cell.ts';
import { resolveBucket } from '../ledger/composition.ts';
import { hasHourlyTotals } from '../ledger/hourly-totals.ts';
import { knownRanges } from '../ledger/readings.ts';
import type { StreamSettings } from '../ledger/settings.ts';
import type { LedgerState } from '../ledger/state.ts';
import { divideHalfEven, type Fixed, type Usd } from '../values/money.ts';
import { joinRanges } from '../values/ranges.ts';
import { DAY, floorTo, type Granularity, HOUR, type Instant, type Range } from '../values/time.ts';
import type { PublishInput, WindowCoverage } from './windows.ts';
import { settingsOf, windowCoverage } from './windows.ts';

/** Reads cells of a stream. */
export type ReadCells = (granularity: Granularity, range: Range) => Cells;

/** Net US dollars by the currency they were paid with. */
export type SpendByCurrency = ReadonlyMap<string, Usd>;

/** A provider that shows the last day by the hour leaves out the hour in which it begins. */
const LEAST_MS = 23 * HOUR;

/**
 * What a stream costs in 24 hours, by the last 24 hours that were read; of the hour in which they begin, its share. Where the first
 * of them were not read, by the 23 hours or more behind them. Of a stream that is read by the day alone, by the last whole day.
 *
 * Undefined where there is a hole, where the readings ended longer ago than they normally lag, and where finer readings are missing.
 */
export function recentSpend(
  input: PublishInput,
  stream: number,
  readCells: ReadCells,
): SpendByCurrency | undefined {
  const settings = settingsOf(input, stream);
  const reach = windowCoverage(input, stream);
  if (!settings || !reach) return undefined;
  // What is billed only once its day has ended lags by a day more.
  const lagMs = reach.lagMs + (reach.hasClosedDays ? DAY : 0);
  if (input.now - reach.through > lagMs) return undefined;
  if (settings.granularities[0] === 'day')
    return spendOfLastDay(input, reach, (day) => readCells('day', day));
  const finer = settings.granularities.filter((each) => each !== 'day');
  const covered = joinRanges(
    finer.flatMap((each) => input.book.readings(stream, each, 'current').flatMap(knownRanges)),
  );
  const read = covered.find(({ start, end }) => start < reach.through && end >= reach.through);
  const range = { start: Math.max(reach.through - DAY, read?.start ?? reach.through), end: reach.through };
  if (range.end - range.start < LEAST_MS) return undefined;
  const hourOf = hasHourlyTotals(settings)
    ? (hour: Instant) => input.book.hourlyTotals(stream).get(hour)
    : composedHours(input, { stream, settings, read: readCells });
  return summed(range, hourOf);
}

function spendOfLastDay(
  { book }: PublishInput,
  { covered, through }: WindowCoverage,
  read: (day: Range) => Cells,
): SpendByCurrency | undefined {
  const end = floorTo(DAY, through);
  const day = { start: end - DAY, end };
  if (!covered.some((range) => range.start <= day.start && range.end >= day.end)) return undefined;
  return byCurrency(
    book,
    [...read(day).values()].flatMap((cells) => [...cells].map(([id, { value }]) => [id, value] as const)),
  );
}

/** Adds up what is cost. */
function byCurrency(
  book: LedgerState,
  amounts: Iterable<readonly [series: number, value: Fixed]>,
): SpendByCurrency {
  const spent = new Map<string, Usd>();
  for (const [series, value] of amounts) {
    const row = book.series.get(series);
    if (row?.measure === 'cost') spent.set(row.detail, (spent.get(row.detail) ?? 0n) + value);
  }
  return spent;
}

function summed(
  { start, end }: Range,
  hourOf: (hour: Instant) => SpendByCurrency | undefined,
): SpendByCurrency {
  const spent = new Map<string, Usd>();
  for (let hour = floorTo(HOUR, start); hour < end; hour += HOUR) {
    const share = BigInt(hour + HOUR - Math.max(hour, start));
    for (const [currency, value] of hourOf(hour) ?? []) {
      spent.set(currency, (spent.get(currency) ?? 0n) + value * share);
    }
  }
  const scale = (sum: Usd) => divideHalfEven(sum * BigInt(DAY), BigInt(HOUR) * BigInt(end - start));
  return new Map([...spent].map(([currency, sum]) => [currency, scale(sum)]));
}

interface Composed {
  readonly stream: number;
  readonly settings: StreamSettings;
  readonly read: ReadCells;
}

/** Hours of a stream that has several granularities. Finer ones are looked at only where an hour is not over. */
function composedHours({ book }: PublishInput, { stream, settings, read }: Composed) {
  const [finest, ...coarser] = settings.granularities.filter((each) => each !== 'day');
  return (hour: Instant): SpendByCurrency | undefined => {
    if (!finest) return undefined;
    const whole = { start: hour, end: hour + HOUR };
    const cells = new Map<Granularity, Cells>();
    const amounts = (granularity: Granularity, bucket: Instant) => {
      const found = cells.get(granularity) ?? read(granularity, whole);
      cells.set(granularity, found);
      return valuesOf(found, bucket);
    };
    const readings = (granularity: Granularity) => book.readings(stream, granularity, 'current');
    const view = { granularities: [finest, ...coarser] as const, settleMs: SETTLED_MS, readings, amounts };
    return byCurrency(book, resolveBucket(view, coarser.at(-1) ?? finest, hour));
  };
}

/** An hour that was read so long after its end is near enough to what its minutes come to. */
const SETTLED_MS = HOUR / 6;

function valuesOf(cells: Cells, bucket: Instant): ReadonlyMap<number, Fixed> | undefined {
  const found = cells.get(bucket);
  return found && new Map([...found].map(([series, { value }]) => [series, value]));
}
