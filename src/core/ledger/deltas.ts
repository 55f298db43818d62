import type { Fixed } from '../values/money.ts';
import {
  ceilTo,
  coarsestOf,
  floorTo,
  type Granularity,
  type Instant,
  type Range,
  sizeOf,
} from '../values/time.ts';
import { type Cell, type CellChange, type Cells, type Delta, type StreamState, ZERO_CELL } from './cell.ts';
import { type BucketView, resolveBucket, type SeriesAmounts } from './composition.ts';
import { type ReadIntervals, readingsWithin } from './readings.ts';

/** A statement's part of the stream once its cells and runs are worked out. */
export interface ReadingOutcome {
  readonly baselineFrom: Instant;
  readonly granularity: Granularity;
  readonly range: Range;
  readonly current: ReadIntervals;
  readonly baseline: ReadIntervals;
  readonly changes: readonly CellChange[];
}

/** What the changes move, on the composed value where the stream has several granularities. */
export function deltasOf(stand: StreamState, applied: ReadingOutcome): Delta[] {
  if (stand.granularities.length > 1) return composedDeltas(stand, applied);
  const known = new Map<Granularity, Cells>();
  const cellsOf = (granularity: Granularity) => {
    const cells = known.get(granularity) ?? stand.cells(granularity, applied.range);
    known.set(granularity, cells);
    return cells;
  };
  return applied.changes.map(({ granularity, bucket, series, value, baseline }) => {
    const old = cellsOf(granularity).get(bucket)?.get(series) ?? ZERO_CELL;
    const moved = value - old.value;
    return { series, bucket, value: moved, net: moved - (baseline - old.baseline) };
  });
}

/** Takes the deltas of the days that the statement touches, before and after it, on both sides of the readings. */
function composedDeltas(stand: StreamState, applied: ReadingOutcome): Delta[] {
  const coarsest = coarsestOf(stand.granularities);
  const size = sizeOf(coarsest);
  const range = { start: floorTo(size, applied.range.start), end: ceilTo(size, applied.range.end) };
  const before = new Map(
    stand.granularities.map((granularity) => [granularity, stand.cells(granularity, range)]),
  );
  const after = new Map(before).set(
    applied.granularity,
    patched(before.get(applied.granularity), applied.changes),
  );
  const runsAfter = (side: 'current' | 'baseline') => (granularity: Granularity) =>
    granularity === applied.granularity ? applied[side] : stand[side](granularity);
  const view = (
    cells: typeof before,
    field: keyof Cell,
    runs: BucketView['runs'],
    baseline?: Instant,
  ): BucketView => ({
    granularities: stand.granularities,
    settleMs: stand.settleMs,
    runs: cached(runs, range),
    amounts: (granularity, bucket) => project(cells.get(granularity)?.get(bucket), field),
    ...(baseline === undefined ? {} : { baseline }),
  });
  const sides = [
    [view(before, 'value', stand.current), view(after, 'value', runsAfter('current'))],
    [
      view(before, 'baseline', stand.baseline, applied.baselineFrom),
      view(after, 'baseline', runsAfter('baseline'), applied.baselineFrom),
    ],
  ] as const;
  const deltas: Delta[] = [];
  for (let bucket = range.start; bucket < range.end; bucket += size) {
    const [value, base] = sides.map(([was, is]) =>
      difference(resolveBucket(was, coarsest, bucket), resolveBucket(is, coarsest, bucket)),
    );
    for (const series of new Set([...(value?.keys() ?? []), ...(base?.keys() ?? [])])) {
      const moved = value?.get(series) ?? 0n;
      const net = moved - (base?.get(series) ?? 0n);
      if (moved !== 0n || net !== 0n) deltas.push({ series, bucket, value: moved, net });
    }
  }
  return deltas;
}

function cached(runs: BucketView['runs'], range: Range): BucketView['runs'] {
  const known = new Map<Granularity, ReadIntervals>();
  return (granularity) => {
    const cut = known.get(granularity) ?? readingsWithin(runs(granularity), range);
    known.set(granularity, cut);
    return cut;
  };
}

function patched(cells: Cells | undefined, changes: readonly CellChange[]): Cells {
  const result = new Map(cells);
  const copied = new Map<Instant, Map<number, Cell>>();
  for (const { bucket, series, value, baseline } of changes) {
    const copy = copied.get(bucket) ?? new Map(result.get(bucket));
    copied.set(bucket, copy.set(series, { value, baseline }));
    result.set(bucket, copy);
  }
  return result;
}

function project(cells: ReadonlyMap<number, Cell> | undefined, field: keyof Cell): SeriesAmounts | undefined {
  if (!cells) return undefined;
  const amounts = new Map<number, Fixed>();
  for (const [series, cell] of cells) if (cell[field] !== 0n) amounts.set(series, cell[field]);
  return amounts;
}

function difference(before: SeriesAmounts, after: SeriesAmounts): Map<number, Fixed> {
  const result = new Map<number, Fixed>();
  for (const [series, value] of after) result.set(series, value - (before.get(series) ?? 0n));
  for (const [series, value] of before) if (!after.has(series)) result.set(series, -value);
  return result;
}
