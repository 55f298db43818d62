import type { Fixed } from '../values/money.ts';
import {
  coarsestOf,
  type Granularities,
  type Granularity,
  type Instant,
  type Range,
  sizeOf,
} from '../values/time.ts';
import { asOfAt, type ReadIntervals, readingsWithin } from './readings.ts';

/** The values of one bucket by series. A series that is absent is 0. */
export type SeriesAmounts = ReadonlyMap<number, Fixed>;

/** One side of a stream's readings (the newest, or the first ones) at every granularity it has. */
export interface BucketView {
  /** Finest first. */
  readonly granularities: Granularities;
  readonly settleMs: number;
  runs(granularity: Granularity): ReadIntervals;
  amounts(granularity: Granularity, bucket: Instant): SeriesAmounts | undefined;
  /**
   * What is known at this instant settles the first readings: set for the baseline's side only. A reading of just then says
   * all that was spent before, and finer buckets need to reach only so far.
   */
  readonly baseline?: Instant;
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
  const own = view.amounts(granularity, bucket) ?? NOTHING;
  const finer = view.granularities[index - 1];
  if (finer === undefined) return own;
  const range = { start: bucket, end: bucket + sizeOf(granularity) };
  const asOf = asOfAt(view.runs(granularity), bucket);
  if (asOf !== undefined && (asOf > range.end + view.settleMs || asOf === view.baseline)) return own;
  const isReadFiner = view.granularities
    .slice(0, index)
    .some((each) => readingsWithin(view.runs(each), range).length > 0);
  const sum = isReadFiner
    ? summed(bucketsOf(finer, range).map((start) => resolveBucket(view, finer, start)))
    : NOTHING;
  if (asOf === undefined) return sum;
  if (reaches(view, finer, range, asOf)) return sum;
  return isReadFiner ? larger(own, sum) : own;
}

/** The value of a stretch of whole buckets of the coarsest granularity. */
export function resolveRange(view: BucketView, range: Range): Map<number, Fixed> {
  const coarsest = coarsestOf(view.granularities);
  return summed(bucketsOf(coarsest, range).map((start) => resolveBucket(view, coarsest, start)));
}

const NOTHING: SeriesAmounts = new Map();

function bucketsOf(granularity: Granularity, range: Range): Instant[] {
  const size = sizeOf(granularity);
  return Array.from({ length: (range.end - range.start) / size }, (_, index) => range.start + index * size);
}

function reaches(view: BucketView, finer: Granularity, range: Range, coarseAsOf: Instant): boolean {
  const needed = Math.min(range.end, coarseAsOf, view.baseline ?? Number.POSITIVE_INFINITY);
  const mayLag = view.baseline === undefined && coarseAsOf < range.end ? 2 * sizeOf(finer) : 0;
  return knownThrough(view, finer, range) >= needed - mayLag && needed > range.start;
}

/** How far from the start of `range` readings of this granularity or a finer one reach without a hole. */
function knownThrough(view: BucketView, granularity: Granularity, range: Range): Instant {
  const finer = view.granularities[view.granularities.indexOf(granularity) - 1];
  const runs = view.runs(granularity);
  let at = range.start;
  while (at < range.end) {
    const bucket = { start: at, end: at + sizeOf(granularity) };
    const asOf = asOfAt(runs, at);
    const own = asOf === undefined ? at : Math.min(bucket.end, asOf);
    const through =
      own < bucket.end && finer !== undefined ? Math.max(own, knownThrough(view, finer, bucket)) : own;
    if (through < bucket.end) return Math.max(through, at);
    at = bucket.end;
  }
  return at;
}

function summed(parts: readonly SeriesAmounts[]): Map<number, Fixed> {
  const sum = new Map<number, Fixed>();
  for (const part of parts)
    for (const [series, value] of part) sum.set(series, (sum.get(series) ?? 0n) + value);
  return sum;
}

function larger(a: SeriesAmounts, b: SeriesAmounts): Map<number, Fixed> {
  const result = new Map<number, Fixed>();
  for (const [series, value] of a) result.set(series, value > 0n || b.has(series) ? value : 0n);
  for (const [series, value] of b) if (value > (a.get(series) ?? 0n)) result.set(series, value);
  return result;
}
