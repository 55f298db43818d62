import { addTo, getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { bucketsIn, DAY, floorTo, type Granularity, HOUR, type Instant, type Range } from '../values/time.ts';
import type { Cells } from './cell.ts';
import { type BucketSource, resolveHour, resolveRange, type SeriesAmounts, viewOf } from './composition.ts';
import type { SideAmounts } from './deltas.ts';
import type { Side } from './readings.ts';
import type { Store, StreamRow } from './records.ts';
import type { StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';

export interface StreamAmountsInput {
  readonly store: Pick<Store, 'cells'>;
  readonly state: Pick<LedgerState, 'readings'>;
  readonly stream: StreamRow;
  readonly settings: StreamSettings;
}

/** Whether one truth is read at several granularities, so that cells of one must not be added to those of another. */
export function isComposed({ granularities }: Pick<StreamSettings, 'granularities'>): boolean {
  return granularities.length > 1;
}

/** The granularities that the cells of a stream may have: compacted days are kept by the day. */
export function storedGranularities({ granularities }: StreamSettings): readonly Granularity[] {
  return [...new Set<Granularity>([...granularities, 'day'])];
}

/**
 * The days that may have cells: all that were read and are not rolled up. A reading counts even if it is older than its bucket and so
 * cannot know what was spent: what it listed is in the counters.
 */
export function storedDays(
  state: Pick<LedgerState, 'span'>,
  { id, closedBefore }: StreamRow,
  before = Number.POSITIVE_INFINITY,
): Range[] {
  const span = state.span(id);
  if (!span) return [];
  const start = floorTo(DAY, Math.max(span.start, closedBefore));
  return bucketsIn(DAY, { start, end: Math.min(span.end, before) }).map((day) => ({
    start: day,
    end: day + DAY,
  }));
}

/** The first day of which more is kept than the total of its month. */
export function keptFrom({ archivedFrom, closedBefore }: StreamRow): Instant {
  return Math.min(archivedFrom ?? closedBefore, closedBefore);
}

/** The days that are in the archive. */
export function archivedDays(state: Pick<LedgerState, 'span'>, stream: StreamRow): Instant[] {
  const span = state.span(stream.id);
  const start = span && floorTo(DAY, Math.max(span.start, keptFrom(stream)));
  return start === undefined ? [] : bucketsIn(DAY, { start, end: stream.closedBefore });
}

/** What the cells of whole days come to. */
export function amountsIn(input: StreamAmountsInput, range: Range): SideAmounts {
  return isComposed(input.settings) ? composeRange(input, range) : sumCells(input, range);
}

/** Both sides of whole days of a stream that has several granularities. */
export function composeRange(input: StreamAmountsInput, range: Range) {
  const source = sourceOf(input, range);
  return {
    value: resolveRange(viewOf(source, 'current'), range),
    baseline: resolveRange(viewOf(source, 'baseline'), range),
  };
}

function sourceOf({ store, state, stream, settings }: StreamAmountsInput, range: Range): BucketSource {
  const { granularities, settleMs } = settings;
  const cells = new Map(granularities.map((each) => [each, store.cells(stream.id, each, range)]));
  return {
    granularities,
    settleMs,
    baselineFrom: stream.baseline,
    readings: (granularity, side) => state.readings(stream.id, granularity, side),
    cells: (granularity) => cells.get(granularity),
  };
}

/** What a day comes to, by hour if that is kept; otherwise as one bucket. */
export interface DayAmounts {
  readonly isByHour: boolean;
  readonly buckets: ReadonlyMap<Instant, SeriesAmounts>;
}

type DayInput = StreamAmountsInput & { readonly state: Pick<LedgerState, 'compacted'> };

/** The current amounts of a UTC day, as fine as they are kept. */
export function amountsOfDay(input: DayInput, day: Range): DayAmounts {
  const { store, stream, settings } = input;
  if (isComposed(settings)) return composeDay(input, day, 'current');
  const isByHour = hasHours(input, day);
  const buckets = new Map<Instant, Map<number, Fixed>>();
  const granularities = isByHour ? settings.granularities : storedGranularities(settings);
  for (const each of granularities)
    addCells(buckets, store.cells(stream.id, each, day), isByHour ? HOUR : DAY);
  return { isByHour, buckets };
}

/** One side of a UTC day of a stream that has several granularities. */
export function composeDay(input: DayInput, day: Range, side: Side): DayAmounts {
  const view = viewOf(sourceOf(input, day), side);
  const whole = resolveRange(view, day);
  if (!hasHours(input, day)) return asOneBucket(day, whole);
  const hours = new Map(
    bucketsIn(HOUR, day).map((start) => [start, resolveHour(view, { start, end: start + HOUR })] as const),
  );
  return isSameAmount(hours.values(), whole) ? { isByHour: true, buckets: hours } : asOneBucket(day, whole);
}

function hasHours({ state, stream, settings }: DayInput, day: Range): boolean {
  const isCompacted = state
    .compacted(stream.id)
    .some(({ start, end }) => start <= day.start && day.start < end);
  return !isCompacted && settings.granularities.some((each) => each !== 'day');
}

function asOneBucket({ start }: Range, amounts: SeriesAmounts): DayAmounts {
  return { isByHour: false, buckets: new Map([[start, amounts]]) };
}

/** Whether the hours are what the day is: a day may be told by its own reading. */
function isSameAmount(hours: Iterable<SeriesAmounts>, day: SeriesAmounts): boolean {
  const rest = new Map(day);
  for (const hour of hours) for (const [series, amount] of hour) addTo(rest, series, -amount);
  return [...rest.values()].every((amount) => amount === 0n);
}

function addCells(buckets: Map<Instant, Map<number, Fixed>>, cells: Cells, sizeMs: number): void {
  for (const [start, inBucket] of cells) {
    const bucket = getOrCreate(buckets, floorTo(sizeMs, start), () => new Map());
    for (const [series, { value }] of inBucket) if (value !== 0n) addTo(bucket, series, value);
  }
}

function sumCells({ store, stream, settings }: StreamAmountsInput, range: Range): SideAmounts {
  const value = new Map<number, Fixed>();
  const baseline = new Map<number, Fixed>();
  for (const granularity of storedGranularities(settings)) {
    for (const cells of store.cells(stream.id, granularity, range).values()) {
      for (const [series, cell] of cells) {
        addTo(value, series, cell.value);
        addTo(baseline, series, cell.baseline);
      }
    }
  }
  return { value, baseline };
}
