import { addTo } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import {
  bucketsIn,
  coarsestOf,
  type Granularities,
  type Granularity,
  type Instant,
  type Range,
  sizeOf,
} from '../values/time.ts';
import type { Cell, Cells } from './cell.ts';
import { asOfAt, type ReadIntervals, readingsWithin, type Side } from './readings.ts';

/** The values of one bucket by series. A series that is absent is 0. */
export type SeriesAmounts = ReadonlyMap<number, Fixed>;

/** One side of a stream's readings at every granularity it has. */
export interface BucketView {
  /** Finest first. */
  readonly granularities: Granularities;
  readonly settleMs: number;
  readings(granularity: Granularity): ReadIntervals;
  amounts(granularity: Granularity, bucket: Instant): SeriesAmounts | undefined;
  /**
   * What is known at this instant settles the first readings: set for the baseline's side only. A reading of just then says
   * all that was spent before, and finer buckets need to reach only so far.
   */
  readonly baseline?: Instant;
}

/** The readings and cells of a stream, of both sides. */
export interface BucketSource extends Pick<BucketView, 'granularities' | 'settleMs'> {
  readonly baselineFrom: Instant | undefined;
  readings(granularity: Granularity, side: Side): ReadIntervals;
  cells(granularity: Granularity): Cells | undefined;
}

export function viewOf(source: BucketSource, side: Side): BucketView {
  const { granularities, settleMs, baselineFrom } = source;
  const field = side === 'current' ? 'value' : 'baseline';
  return {
    granularities,
    settleMs,
    readings: (granularity) => source.readings(granularity, side),
    amounts: (granularity, bucket) => nonZero(source.cells(granularity)?.get(bucket), field),
    ...(side === 'baseline' && baselineFrom !== undefined ? { baseline: baselineFrom } : {}),
  };
}

/**
 * The value of a bucket out of several granularities of one truth, which are never added to each other:
 * (a) the coarse reading once the bucket had settled when it was made; else (b) the sum of the finer buckets if they
 * cover it whole from its start; else (c) the larger of the two.
 *
 * An open bucket counts as covered whole while the finer reading lags the coarse one by no more than two finer buckets:
 * otherwise a row that only the coarse reading has would come and go with every poll.
 */
export function resolveBucket(view: BucketView, granularity: Granularity, bucket: Instant): SeriesAmounts {
  const index = view.granularities.indexOf(granularity);
  const coarse = view.amounts(granularity, bucket) ?? NOTHING;
  const finer = view.granularities[index - 1];
  if (finer === undefined) return coarse;
  const range = { start: bucket, end: bucket + sizeOf(granularity) };
  const asOf = asOfAt(view.readings(granularity), bucket);
  if (asOf !== undefined && (asOf > range.end + view.settleMs || asOf === view.baseline)) return coarse;
  const isReadFiner = view.granularities
    .slice(0, index)
    .some((each) => readingsWithin(view.readings(each), range).length > 0);
  const sum = isReadFiner ? resolveBuckets(view, finer, range) : NOTHING;
  if (asOf === undefined) return sum;
  if (reaches(view, finer, range, asOf)) return sum;
  return isReadFiner ? larger(coarse, sum) : coarse;
}

/** The value of whole buckets of the coarsest granularity. */
export function resolveRange(view: BucketView, range: Range): Map<number, Fixed> {
  return resolveBuckets(view, coarsestOf(view.granularities), range);
}

/** The value of an hour of a stream that has hours or minutes. */
export function resolveHour(view: BucketView, hour: Range): Map<number, Fixed> {
  const granularity = view.granularities.findLast((each) => each !== 'day') ?? view.granularities[0];
  return resolveBuckets(view, granularity, hour);
}

function resolveBuckets(view: BucketView, granularity: Granularity, range: Range): Map<number, Fixed> {
  const sum = new Map<number, Fixed>();
  for (const bucket of bucketsIn(sizeOf(granularity), range))
    for (const [series, value] of resolveBucket(view, granularity, bucket)) addTo(sum, series, value);
  return sum;
}

const NOTHING: SeriesAmounts = new Map();

function nonZero(cells: ReadonlyMap<number, Cell> | undefined, field: keyof Cell): SeriesAmounts | undefined {
  if (!cells) return undefined;
  const amounts = new Map<number, Fixed>();
  for (const [series, cell] of cells) if (cell[field] !== 0n) amounts.set(series, cell[field]);
  return amounts;
}

function reaches(view: BucketView, finer: Granularity, range: Range, coarseAsOf: Instant): boolean {
  const needed = Math.min(range.end, coarseAsOf, view.baseline ?? Number.POSITIVE_INFINITY);
  const mayLag = view.baseline === undefined && coarseAsOf < range.end ? 2 * sizeOf(finer) : 0;
  return knownThrough(view, finer, range) >= needed - mayLag && needed > range.start;
}

/** How far from the start of `range` readings of this granularity or a finer one reach without a gap. */
function knownThrough(view: BucketView, granularity: Granularity, range: Range): Instant {
  const finer = view.granularities[view.granularities.indexOf(granularity) - 1];
  const readings = view.readings(granularity);
  for (const start of bucketsIn(sizeOf(granularity), range)) {
    const bucket = { start, end: start + sizeOf(granularity) };
    const asOf = asOfAt(readings, start);
    const own = asOf === undefined ? start : Math.min(bucket.end, asOf);
    const through =
      own < bucket.end && finer !== undefined ? Math.max(own, knownThrough(view, finer, bucket)) : own;
    if (through < bucket.end) return Math.max(through, start);
  }
  return range.end;
}

function larger(a: SeriesAmounts, b: SeriesAmounts): Map<number, Fixed> {
  const result = new Map<number, Fixed>();
  for (const [series, value] of a) result.set(series, value > 0n || b.has(series) ? value : 0n);
  for (const [series, value] of b) if (value > (a.get(series) ?? 0n)) result.set(series, value);
  return result;
}
