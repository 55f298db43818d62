import { type Amounts, compose, type View } from './compose.ts';
import type { Fixed } from './money.ts';
import { joinedRanges, newestWins, oldestWins, overlay, type Runs, runsWithin } from './runs.ts';
import {
  ceilTo,
  DAY,
  floorTo,
  type Granularity,
  type Instant,
  intersection,
  type Range,
  sizeOf,
} from './time.ts';

/** What the ledger holds of one bucket of one series. */
export interface Cell {
  /** The newest reading. */
  readonly value: Fixed;
  /** The part of it that belongs to the baseline: the first reading of a bucket that the baseline covers, else 0. */
  readonly base: Fixed;
}

/** Cells by bucket start and series. */
export type Cells = ReadonlyMap<Instant, ReadonlyMap<number, Cell>>;

/** What is known of a stream before a statement, as far as the statement touches it. */
export interface Stand {
  /** Of the stream, finest first. */
  readonly granularities: readonly Granularity[];
  readonly settleMs: number;
  /** As-of of the account's first applied statement; undefined before it. */
  readonly baseline: Instant | undefined;
  /** Whole days that are kept at day resolution, oldest first. */
  readonly compacted: readonly Range[];
  newest(granularity: Granularity): Runs;
  oldest(granularity: Granularity): Runs;
  cells(granularity: Granularity, range: Range): Cells;
}

/** A statement whose lines were added up by bucket and series. */
export interface Summed {
  readonly granularity: Granularity;
  readonly range: Range;
  readonly asOf: Instant;
  /** By bucket start of the statement's granularity. */
  readonly amounts: ReadonlyMap<Instant, Amounts>;
}

export interface CellChange extends Cell {
  readonly granularity: Granularity;
  readonly bucket: Instant;
  readonly series: number;
}

/** What moved in one bucket of one series, on the composed value. */
export interface Delta {
  readonly series: number;
  readonly bucket: Instant;
  /** New less old value of the cell: moves the window gauges. */
  readonly value: Fixed;
  /** The same without what belongs to the baseline: moves the counters. */
  readonly net: Fixed;
}

export interface Outcome {
  readonly baseline: Instant;
  readonly cells: readonly CellChange[];
  readonly deltas: readonly Delta[];
  /** New runs of the statement's granularity. */
  readonly newest: Runs;
  readonly oldest: Runs;
  /** Parts of the statement's range that lie in compacted days it does not cover whole: ignored. */
  readonly ignored: readonly Range[];
  /** The part of the statement's range that the baseline covers. */
  readonly eligible: Range | undefined;
}

/**
 * Replaces what is known about the statement's range.
 *
 * Cells are a pure function of the newest reading of each bucket, and the baseline is one of the first reading of each
 * bucket that it covers: neither depends on the order in which readings are applied. Applying a statement twice changes nothing.
 */
export function apply(stand: Stand, statement: Summed): Outcome {
  const baseline = stand.baseline ?? statement.asOf;
  const { granularity, range, asOf } = statement;
  const { kept, days, ignored } = resolved(stand, granularity, range);
  const eligible = eligibleRange(stand, baseline, statement);
  let newest = stand.newest(granularity);
  let oldest = stand.oldest(granularity);
  const changes: CellChange[] = [];
  const contest = (part: Range, resolution: Granularity) => {
    const base = eligible && intersection(part, eligible);
    const forNewest = overlay(newest, { ...part, asOf }, newestWins);
    const forOldest = base ? overlay(oldest, { ...base, asOf }, oldestWins) : NO_CHANGE;
    // A day that is kept as one cell is replaced whole or not at all.
    const wins = (side: typeof forNewest) => resolution === granularity || takesAll(side.won, part);
    if (wins(forNewest)) newest = forNewest.runs;
    if (base && wins(forOldest)) oldest = forOldest.runs;
    const won = {
      newest: wins(forNewest) ? forNewest.won : [],
      oldest: wins(forOldest) ? forOldest.won : [],
    };
    const next = resolution === granularity ? statement.amounts : byDay(statement.amounts, part, granularity);
    collect(stand.cells(resolution, part), next, { part, resolution, ...won }, changes);
  };
  for (const part of kept) contest(part, granularity);
  for (const day of days) contest(day, 'day');
  const deltas = deltasOf(stand, { baseline, granularity, range, newest, oldest, changes });
  return { baseline, cells: changes, deltas, newest, oldest, ignored, eligible };
}

/** Splits a range by the resolution the ledger keeps there. */
function resolved(stand: Stand, granularity: Granularity, range: Range) {
  if (granularity === 'day') return { kept: [range], days: [], ignored: [] };
  const compacted = stand.compacted.flatMap((days) => intersection(days, range) ?? []);
  const kept = subtract(range, compacted);
  if (stand.granularities.length > 1) return { kept, days: [], ignored: compacted };
  const days = compacted.flatMap((part) => {
    const whole = { start: ceilTo(DAY, part.start), end: floorTo(DAY, part.end) };
    return Array.from({ length: Math.max(0, (whole.end - whole.start) / DAY) }, (_, index) => {
      const start = whole.start + index * DAY;
      return { start, end: start + DAY };
    });
  });
  return { kept, days, ignored: compacted.flatMap((part) => subtract(part, days)) };
}

function subtract(range: Range, parts: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let at = range.start;
  for (const part of joinedRanges(parts)) {
    if (part.end <= at || part.start >= range.end) continue;
    if (part.start > at) rest.push({ start: at, end: part.start });
    at = Math.max(at, part.end);
  }
  if (at < range.end) rest.push({ start: at, end: range.end });
  return rest;
}

/**
 * The part of a statement that the baseline covers: all of the account's first statement; of any other the buckets that ended
 * before the baseline and, where it is not the stream's finest reading, the one that holds it.
 */
function eligibleRange(stand: Stand, baseline: Instant, statement: Summed): Range | undefined {
  if (stand.baseline === undefined) return statement.range;
  const size = sizeOf(statement.granularity);
  const end =
    statement.granularity === stand.granularities[0] ? floorTo(size, baseline) : ceilTo(size, baseline);
  return intersection(statement.range, { start: Number.NEGATIVE_INFINITY, end });
}

function takesAll(won: readonly Range[], part: Range): boolean {
  return won.length === 1 && won[0]?.start === part.start && won[0].end === part.end;
}

function byDay(amounts: Summed['amounts'], day: Range, granularity: Granularity): Map<Instant, Amounts> {
  const sum = new Map<number, Fixed>();
  for (let bucket = day.start; bucket < day.end; bucket += sizeOf(granularity)) {
    for (const [series, value] of amounts.get(bucket) ?? []) sum.set(series, (sum.get(series) ?? 0n) + value);
  }
  return new Map([[day.start, sum]]);
}

interface Contested {
  readonly part: Range;
  readonly resolution: Granularity;
  readonly newest: readonly Range[];
  readonly oldest: readonly Range[];
}

const NO_CHANGE: ReturnType<typeof overlay> = { runs: [], won: [] };
const EMPTY_AMOUNTS: Amounts = new Map();
const EMPTY_CELLS: ReadonlyMap<number, Cell> = new Map();
const ZERO_CELL: Cell = { value: 0n, base: 0n };

function collect(
  known: Cells,
  next: ReadonlyMap<Instant, Amounts>,
  contested: Contested,
  changes: CellChange[],
): void {
  const { part, resolution, newest, oldest } = contested;
  const buckets = new Set<Instant>();
  for (const bucket of known.keys()) if (bucket >= part.start && bucket < part.end) buckets.add(bucket);
  for (const bucket of next.keys()) if (bucket >= part.start && bucket < part.end) buckets.add(bucket);
  for (const bucket of buckets) {
    const winsNewest = holds(newest, bucket);
    const winsOldest = holds(oldest, bucket);
    if (!winsNewest && !winsOldest) continue;
    const before = known.get(bucket) ?? EMPTY_CELLS;
    const after = next.get(bucket) ?? EMPTY_AMOUNTS;
    const change = (series: number, cell: Cell, amount: Fixed) => {
      const value = winsNewest ? amount : cell.value;
      const base = winsOldest ? amount : cell.base;
      if (value !== cell.value || base !== cell.base)
        changes.push({ granularity: resolution, bucket, series, value, base });
    };
    for (const [series, amount] of after) change(series, before.get(series) ?? ZERO_CELL, amount);
    for (const [series, cell] of before) if (!after.has(series)) change(series, cell, 0n);
  }
}

function holds(ranges: readonly Range[], at: Instant): boolean {
  for (const range of ranges) if (range.start <= at && at < range.end) return true;
  return false;
}

interface Applied {
  readonly baseline: Instant;
  readonly granularity: Granularity;
  readonly range: Range;
  readonly newest: Runs;
  readonly oldest: Runs;
  readonly changes: readonly CellChange[];
}

function deltasOf(stand: Stand, applied: Applied): Delta[] {
  if (stand.granularities.length > 1) return composedDeltas(stand, applied);
  const known = new Map<Granularity, Cells>();
  const cellsOf = (granularity: Granularity) => {
    const cells = known.get(granularity) ?? stand.cells(granularity, applied.range);
    known.set(granularity, cells);
    return cells;
  };
  return applied.changes.map(({ granularity, bucket, series, value, base }) => {
    const old = cellsOf(granularity).get(bucket)?.get(series) ?? ZERO_CELL;
    const moved = value - old.value;
    return { series, bucket, value: moved, net: moved - (base - old.base) };
  });
}

/** Takes the deltas of the days that the statement touches, before and after it, on both sides of the readings. */
function composedDeltas(stand: Stand, applied: Applied): Delta[] {
  const coarsest = stand.granularities.at(-1) as Granularity;
  const size = sizeOf(coarsest);
  const range = { start: floorTo(size, applied.range.start), end: ceilTo(size, applied.range.end) };
  const before = new Map(
    stand.granularities.map((granularity) => [granularity, stand.cells(granularity, range)]),
  );
  const after = new Map(before).set(
    applied.granularity,
    patched(before.get(applied.granularity), applied.changes),
  );
  const runsAfter = (side: 'newest' | 'oldest') => (granularity: Granularity) =>
    granularity === applied.granularity ? applied[side] : stand[side](granularity);
  const view = (cells: typeof before, field: keyof Cell, runs: View['runs'], baseline?: Instant): View => ({
    granularities: stand.granularities,
    settleMs: stand.settleMs,
    runs: cached(runs, range),
    amounts: (granularity, bucket) => project(cells.get(granularity)?.get(bucket), field),
    ...(baseline === undefined ? {} : { baseline }),
  });
  const sides = [
    [view(before, 'value', stand.newest), view(after, 'value', runsAfter('newest'))],
    [
      view(before, 'base', stand.oldest, applied.baseline),
      view(after, 'base', runsAfter('oldest'), applied.baseline),
    ],
  ] as const;
  const deltas: Delta[] = [];
  for (let bucket = range.start; bucket < range.end; bucket += size) {
    const [value, base] = sides.map(([was, is]) =>
      difference(compose(was, coarsest, bucket), compose(is, coarsest, bucket)),
    );
    for (const series of new Set([...(value?.keys() ?? []), ...(base?.keys() ?? [])])) {
      const moved = value?.get(series) ?? 0n;
      const net = moved - (base?.get(series) ?? 0n);
      if (moved !== 0n || net !== 0n) deltas.push({ series, bucket, value: moved, net });
    }
  }
  return deltas;
}

function cached(runs: View['runs'], range: Range): View['runs'] {
  const known = new Map<Granularity, Runs>();
  return (granularity) => {
    const cut = known.get(granularity) ?? runsWithin(runs(granularity), range);
    known.set(granularity, cut);
    return cut;
  };
}

function patched(cells: Cells | undefined, changes: readonly CellChange[]): Cells {
  const result = new Map(cells);
  const copied = new Map<Instant, Map<number, Cell>>();
  for (const { bucket, series, value, base } of changes) {
    const copy = copied.get(bucket) ?? new Map(result.get(bucket));
    copied.set(bucket, copy.set(series, { value, base }));
    result.set(bucket, copy);
  }
  return result;
}

function project(cells: ReadonlyMap<number, Cell> | undefined, field: keyof Cell): Amounts | undefined {
  if (!cells) return undefined;
  const amounts = new Map<number, Fixed>();
  for (const [series, cell] of cells) if (cell[field] !== 0n) amounts.set(series, cell[field]);
  return amounts;
}

function difference(before: Amounts, after: Amounts): Map<number, Fixed> {
  const result = new Map<number, Fixed>();
  for (const [series, value] of after) result.set(series, value - (before.get(series) ?? 0n));
  for (const [series, value] of before) if (!after.has(series)) result.set(series, -value);
  return result;
}
