import { joinRanges } from '../values/ranges.ts';
import { floorTo, type Instant, type Range } from '../values/time.ts';

/** Which readings: the current one of each bucket, or those that the baseline was drawn by. */
export const SIDES = ['current', 'baseline'] as const;
export type Side = (typeof SIDES)[number];

/** A range whose buckets were last (or first) read by statements of one as-of. */
export interface ReadInterval extends Range {
  readonly asOf: Instant;
}

/** Disjoint, oldest first. */
export type ReadIntervals = readonly ReadInterval[];

/** Whether a reading as of `challenger` replaces one as of `holder`. */
export type ConflictPolicy = (challenger: Instant, holder: Instant) => boolean;

export const latestWins: ConflictPolicy = (challenger, holder) => challenger > holder;
export const earliestWins: ConflictPolicy = (challenger, holder) => challenger < holder;

/** Lays a reading over others: `won` are the parts of its range where it is the one that counts. */
export function overlay(
  intervals: ReadIntervals,
  reading: ReadInterval,
  wins: ConflictPolicy,
): { intervals: ReadInterval[]; won: Range[] } {
  const first = firstEndingAfter(intervals, reading.start);
  const past = firstStartingFrom(intervals, reading.end, first);
  const pieces: ReadInterval[] = [];
  const won: Range[] = [];
  let at = reading.start;
  const take = (start: Instant, end: Instant) => {
    if (start >= end) return;
    pieces.push({ start, end, asOf: reading.asOf });
    won.push({ start, end });
  };
  for (const interval of intervals.slice(first, past)) {
    take(at, interval.start);
    if (interval.start < reading.start) pieces.push({ ...interval, end: reading.start });
    const start = Math.max(interval.start, reading.start);
    const end = Math.min(interval.end, reading.end);
    if (wins(reading.asOf, interval.asOf)) take(start, end);
    else pieces.push({ ...interval, start, end });
    if (interval.end > reading.end) pieces.push({ ...interval, start: reading.end });
    at = end;
  }
  take(at, reading.end);
  return {
    intervals: joinEqual([...intervals.slice(0, first), ...pieces, ...intervals.slice(past)]),
    won: joinRanges(won),
  };
}

function firstEndingAfter(intervals: ReadIntervals, at: Instant): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((intervals[middle]?.end ?? at) > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

function firstStartingFrom(intervals: ReadIntervals, at: Instant, from: number): number {
  const index = intervals.slice(from).findIndex((interval) => interval.start >= at);
  return index < 0 ? intervals.length : from + index;
}

function joinEqual(intervals: ReadInterval[]): ReadInterval[] {
  const result: ReadInterval[] = [];
  for (const interval of intervals) {
    const last = result.at(-1);
    if (last && last.end === interval.start && last.asOf === interval.asOf)
      result[result.length - 1] = { ...last, end: interval.end };
    else result.push(interval);
  }
  return result;
}

/** The as-of of the interval that contains `at`. */
export function asOfAt(intervals: ReadIntervals, at: Instant): Instant | undefined {
  const interval = intervals[firstEndingAfter(intervals, at)];
  return interval && interval.start <= at ? interval.asOf : undefined;
}

/** What a reading knows: of a bucket that was open, the part before its as-of. */
export function knownRanges({ start, end, asOf }: ReadInterval): Range[] {
  return asOf > start ? [{ start, end: Math.min(end, asOf) }] : [];
}

/** The same of buckets of `sizeMs` that say nothing before they have ended. */
export function knownWholeBuckets({ start, end, asOf }: ReadInterval, sizeMs: number): Range[] {
  const whole = asOf < end ? floorTo(sizeMs, asOf) : end;
  return whole > start ? [{ start, end: whole }] : [];
}

/** The intervals cut to `range`. */
export function readingsWithin(intervals: ReadIntervals, range: Range): ReadInterval[] {
  const first = firstEndingAfter(intervals, range.start);
  return intervals
    .slice(first, firstStartingFrom(intervals, range.end, first))
    .map(({ start, end, asOf }) => ({
      start: Math.max(start, range.start),
      end: Math.min(end, range.end),
      asOf,
    }));
}

/** The intervals without `range`. */
export function readingsOutside(intervals: ReadIntervals, range: Range): ReadInterval[] {
  return intervals.flatMap((interval) => {
    const parts: ReadInterval[] = [];
    if (interval.start < range.start) parts.push({ ...interval, end: Math.min(interval.end, range.start) });
    if (interval.end > range.end) parts.push({ ...interval, start: Math.max(interval.start, range.end) });
    return parts;
  });
}
