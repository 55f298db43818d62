import { joinedRanges } from '../values/ranges.ts';
import { floorTo, type Instant, type Range } from '../values/time.ts';

/** A stretch of time whose buckets were last (or first) read by statements of one as-of. */
export interface ReadInterval extends Range {
  readonly asOf: Instant;
}

/** Disjoint runs, oldest first. */
export type ReadIntervals = readonly ReadInterval[];

/** Says whether a reading as of `challenger` takes the place of one as of `holder`. */
export type ConflictPolicy = (challenger: Instant, holder: Instant) => boolean;

export const latestWins: ConflictPolicy = (challenger, holder) => challenger > holder;
export const earliestWins: ConflictPolicy = (challenger, holder) => challenger < holder;

/** Lays a reading over the runs: `won` are the parts of its range that are now its own. */
export function overlay(
  runs: ReadIntervals,
  reading: ReadInterval,
  wins: ConflictPolicy,
): { runs: ReadInterval[]; won: Range[] } {
  const first = firstEndingAfter(runs, reading.start);
  const past = firstStartingFrom(runs, reading.end, first);
  const pieces: ReadInterval[] = [];
  const won: Range[] = [];
  let at = reading.start;
  const take = (start: Instant, end: Instant) => {
    if (start >= end) return;
    pieces.push({ start, end, asOf: reading.asOf });
    won.push({ start, end });
  };
  for (const run of runs.slice(first, past)) {
    take(at, run.start);
    if (run.start < reading.start) pieces.push({ ...run, end: reading.start });
    const start = Math.max(run.start, reading.start);
    const end = Math.min(run.end, reading.end);
    if (wins(reading.asOf, run.asOf)) take(start, end);
    else pieces.push({ ...run, start, end });
    if (run.end > reading.end) pieces.push({ ...run, start: reading.end });
    at = end;
  }
  take(at, reading.end);
  return { runs: joined([...runs.slice(0, first), ...pieces, ...runs.slice(past)]), won: joinedRanges(won) };
}

function firstEndingAfter(runs: ReadIntervals, at: Instant): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((runs[middle]?.end ?? at) > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

function firstStartingFrom(runs: ReadIntervals, at: Instant, from: number): number {
  const index = runs.slice(from).findIndex((run) => run.start >= at);
  return index < 0 ? runs.length : from + index;
}

function joined(runs: ReadInterval[]): ReadInterval[] {
  const result: ReadInterval[] = [];
  for (const run of runs) {
    const last = result.at(-1);
    if (last && last.end === run.start && last.asOf === run.asOf)
      result[result.length - 1] = { ...last, end: run.end };
    else result.push(run);
  }
  return result;
}

/** The as-of of the run that holds `at`. */
export function asOfAt(runs: ReadIntervals, at: Instant): Instant | undefined {
  const run = runs[firstEndingAfter(runs, at)];
  return run && run.start <= at ? run.asOf : undefined;
}

/** What a reading knows of: of a bucket that was open, the part before its as-of. */
export function knownRanges({ start, end, asOf }: ReadInterval): Range[] {
  return asOf > start ? [{ start, end: Math.min(end, asOf) }] : [];
}

/** The same of buckets of `sizeMs` that say nothing before they have ended. */
export function knownWholeBuckets({ start, end, asOf }: ReadInterval, sizeMs: number): Range[] {
  const whole = asOf < end ? floorTo(sizeMs, asOf) : end;
  return whole > start ? [{ start, end: whole }] : [];
}

/** The runs cut to `range`. */
export function readingsWithin(runs: ReadIntervals, range: Range): ReadInterval[] {
  const first = firstEndingAfter(runs, range.start);
  return runs.slice(first, firstStartingFrom(runs, range.end, first)).map(({ start, end, asOf }) => ({
    start: Math.max(start, range.start),
    end: Math.min(end, range.end),
    asOf,
  }));
}

/** Takes everything in `range` out of the runs. */
export function readingsOutside(runs: ReadIntervals, range: Range): ReadInterval[] {
  return runs.flatMap((run) => {
    const parts: ReadInterval[] = [];
    if (run.start < range.start) parts.push({ ...run, end: Math.min(run.end, range.start) });
    if (run.end > range.end) parts.push({ ...run, start: Math.max(run.start, range.end) });
    return parts;
  });
}
