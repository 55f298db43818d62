import { getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import {
  bucketsIn,
  ceilTo,
  coarsestOf,
  floorTo,
  type Granularity,
  type Instant,
  type Range,
  sizeOf,
} from '../values/time.ts';
import { type Cell, type CellChange, type Cells, type Delta, type StreamState, ZERO_CELL } from './cell.ts';
import { type BucketSource, resolveBucket, type SeriesAmounts, viewOf } from './composition.ts';
import { type ReadIntervals, readingsWithin, type Side } from './readings.ts';

/** A statement's part of the stream once its cells and readings are worked out. */
export interface ReadingOutcome {
  readonly baselineFrom: Instant;
  readonly granularity: Granularity;
  readonly range: Range;
  readonly current: ReadIntervals;
  readonly baseline: ReadIntervals;
  readonly changes: readonly CellChange[];
}

/** What the cells of a range come to, by series, and the part of it that belongs to the baseline. */
export interface SideAmounts {
  readonly value: SeriesAmounts;
  readonly baseline: SeriesAmounts;
}

/** What the changes move, on the composed value where the stream has several granularities. */
export function deltasOf(before: StreamState, outcome: ReadingOutcome): Delta[] {
  if (before.granularities.length > 1) return composedDeltas(before, outcome);
  const known = new Map<Granularity, Cells>();
  return outcome.changes.map(({ granularity, bucket, series, value, baseline }) => {
    const cells = getOrCreate(known, granularity, () => before.cells(granularity, outcome.range));
    const old = cells.get(bucket)?.get(series) ?? ZERO_CELL;
    const moved = value - old.value;
    return { series, bucket, value: moved, net: moved - (baseline - old.baseline) };
  });
}

/** What moves in a bucket. */
export function deltasBetween(bucket: Instant, before: SideAmounts, after: SideAmounts): Delta[] {
  const value = difference(before.value, after.value);
  const baseline = difference(before.baseline, after.baseline);
  return [...new Set([...value.keys(), ...baseline.keys()])].flatMap((series) => {
    const moved = value.get(series) ?? 0n;
    const net = moved - (baseline.get(series) ?? 0n);
    return moved === 0n && net === 0n ? [] : { series, bucket, value: moved, net };
  });
}

/** Takes the deltas of the days that the statement touches, before and after it, on both sides of the readings. */
function composedDeltas(state: StreamState, outcome: ReadingOutcome): Delta[] {
  const coarsest = coarsestOf(state.granularities);
  const size = sizeOf(coarsest);
  const range = { start: floorTo(size, outcome.range.start), end: ceilTo(size, outcome.range.end) };
  const source = sourceBefore(state, outcome, range);
  const before = resolver(source, coarsest);
  const after = resolver(sourceAfter(source, outcome, range), coarsest);
  return bucketsIn(size, range).flatMap((bucket) => deltasBetween(bucket, before(bucket), after(bucket)));
}

function resolver(source: BucketSource, coarsest: Granularity): (bucket: Instant) => SideAmounts {
  const [current, baseline] = [viewOf(source, 'current'), viewOf(source, 'baseline')];
  return (bucket) => ({
    value: resolveBucket(current, coarsest, bucket),
    baseline: resolveBucket(baseline, coarsest, bucket),
  });
}

function sourceBefore(state: StreamState, { baselineFrom }: ReadingOutcome, range: Range): BucketSource {
  const { granularities, settleMs } = state;
  const cells = new Map(granularities.map((each) => [each, state.cells(each, range)]));
  const readings = cutTo(range, (granularity, side) => state.readings(granularity, side));
  return { granularities, settleMs, baselineFrom, readings, cells: (granularity) => cells.get(granularity) };
}

function sourceAfter(before: BucketSource, outcome: ReadingOutcome, range: Range): BucketSource {
  const patched = patch(before.cells(outcome.granularity), outcome.changes);
  const isRead = (granularity: Granularity) => granularity === outcome.granularity;
  return {
    ...before,
    readings: cutTo(range, (each, side) => (isRead(each) ? outcome[side] : before.readings(each, side))),
    cells: (granularity) => (isRead(granularity) ? patched : before.cells(granularity)),
  };
}

/** The readings within a range, cut once each. */
function cutTo(range: Range, readings: BucketSource['readings']): BucketSource['readings'] {
  const known = new Map<string, ReadIntervals>();
  return (granularity: Granularity, side: Side) =>
    getOrCreate(known, `${granularity} ${side}`, () => readingsWithin(readings(granularity, side), range));
}

function patch(cells: Cells | undefined, changes: readonly CellChange[]): Cells {
  const result = new Map(cells);
  const copied = new Map<Instant, Map<number, Cell>>();
  for (const { bucket, series, value, baseline } of changes) {
    const copy = getOrCreate(copied, bucket, () => new Map(result.get(bucket)));
    copy.set(series, { value, baseline });
    result.set(bucket, copy);
  }
  return result;
}

function difference(before: SeriesAmounts, after: SeriesAmounts): Map<number, Fixed> {
  const result = new Map<number, Fixed>();
  for (const [series, value] of after) result.set(series, value - (before.get(series) ?? 0n));
  for (const [series, value] of before) if (!after.has(series)) result.set(series, -value);
  return result;
}
