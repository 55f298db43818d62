import { addTo } from '../values/maps.ts';
import { bucketsIn, DAY, type Granularity, HOUR, MINUTE, type Range, sizeOf } from '../values/time.ts';
import type { SeriesAmounts } from './composition.ts';
import type { Side } from './readings.ts';
import type { Store, StreamRow } from './records.ts';
import type { StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';
import { composeDay } from './stream-amounts.ts';

/** A stream, one side of whose cells is read. */
export interface CellSource {
  readonly store: Pick<Store, 'peekCells'>;
  readonly state: LedgerState;
  readonly stream: StreamRow;
  readonly settings: StreamSettings;
  readonly side: Side;
}

/** What a stream comes to in a bucket, by the series that shows it. */
export interface CellBucket extends Range {
  readonly amounts: SeriesAmounts;
}

/** As much of a day as is read and verified at once. */
export function partsOf(granularity: Granularity, day: Range): Range[] {
  const size = sizeOf(granularity) === MINUTE ? HOUR : DAY;
  return bucketsIn(size, day).map((start) => ({ start, end: start + size }));
}

/** The cells of one granularity, oldest first. */
export function* plainBuckets(
  { store, state, stream, side }: CellSource,
  granularity: Granularity,
  part: Range,
): Generator<CellBucket, void> {
  const cells = store.peekCells(stream.id, granularity, part);
  const field = side === 'current' ? 'value' : 'baseline';
  for (const start of [...cells.keys()].sort((a, b) => a - b)) {
    const values = [...(cells.get(start) ?? [])].map(([id, cell]) => [id, cell[field]] as const);
    yield { start, end: start + sizeOf(granularity), amounts: shownAmounts(state, values) };
  }
}

/** A UTC day of a stream of several granularities: hours if they are what the day is, else one bucket. */
export function* composedBuckets(source: CellSource, day: Range): Generator<CellBucket, void> {
  const { store, state, stream, settings, side } = source;
  const input = { store: { cells: store.peekCells }, state, stream, settings };
  const { isByHour, buckets } = composeDay(input, day, side);
  const size = isByHour ? HOUR : DAY;
  for (const [start, amounts] of buckets)
    yield { start, end: start + size, amounts: shownAmounts(state, amounts) };
}

/** By the series that show the amounts: those beyond the limit share one. In the order of their ids, whatever they were read from. */
export function shownAmounts(
  { series }: Pick<LedgerState, 'series'>,
  amounts: Iterable<readonly [number, bigint]>,
): SeriesAmounts {
  const sums = new Map<number, bigint>();
  for (const [id, amount] of amounts) addTo(sums, series.get(id)?.target ?? id, amount);
  return new Map([...sums].sort(([a], [b]) => a - b));
}
