import type { ReadCoverage } from '../../../src/core/statement/series.ts';
import type { Instant, Range } from '../../../src/core/values/time.ts';

/** A range of buckets and when it was read. */
export interface Interval extends Range {
  readonly asOf: Instant;
}

/** The ledger's coverage after readings of these intervals, in any order. */
export function coverageOf(intervals: readonly Interval[]): ReadCoverage {
  const read = joined(intervals);
  return {
    asOf: (at) => newestOf(intervals.filter(({ start, end }) => start <= at && at < end)),
    latest: () => read.at(-1),
    gaps: (range) => gapsOf(read, range),
  };
}

function newestOf(intervals: readonly Interval[]): Instant | undefined {
  return intervals.length === 0 ? undefined : Math.max(...intervals.map(({ asOf }) => asOf));
}

/** The intervals without overlaps or seams, oldest first. */
function joined(intervals: readonly Interval[]): Range[] {
  const result: Range[] = [];
  for (const { start, end } of [...intervals].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && start <= last.end) result.splice(-1, 1, { start: last.start, end: Math.max(last.end, end) });
    else result.push({ start, end });
  }
  return result;
}

function gapsOf(read: readonly Range[], range: Range): Range[] {
  const starts = [range.start, ...read.map(({ end }) => Math.max(end, range.start))];
  const ends = [...read.map(({ start }) => Math.min(start, range.end)), range.end];
  return starts.flatMap((start, index) => {
    const end = ends[index] ?? range.end;
    return start < end ? [{ start, end }] : [];
  });
}
