import { addTo } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { gapsIn } from '../values/ranges.ts';
import {
  bucketsIn,
  ceilTo,
  DAY,
  floorTo,
  type Granularity,
  type Instant,
  intersection,
  type Range,
  sizeOf,
} from '../values/time.ts';
import { type Cell, type CellChange, type Cells, type Delta, type StreamState, ZERO_CELL } from './cell.ts';
import type { SeriesAmounts } from './composition.ts';
import { deltasOf } from './deltas.ts';
import { earliestWins, latestWins, overlay, type ReadIntervals } from './readings.ts';
import { isComposed } from './stream-amounts.ts';

/** A statement whose charges were added up by bucket and series. */
export interface SummedStatement {
  readonly granularity: Granularity;
  readonly range: Range;
  readonly asOf: Instant;
  /** By bucket start of the statement's granularity. */
  readonly amounts: ReadonlyMap<Instant, SeriesAmounts>;
}

export interface RangeReplacement {
  readonly baselineFrom: Instant;
  readonly cells: readonly CellChange[];
  readonly deltas: readonly Delta[];
  /** New readings of the statement's granularity. */
  readonly current: ReadIntervals;
  readonly baseline: ReadIntervals;
  /** Parts of the statement's range that lie in compacted days it does not cover whole: ignored. */
  readonly ignored: readonly Range[];
}

/**
 * Replaces a range of the stream with a statement.
 *
 * Cells are a pure function of the newest reading of each bucket, and the baseline is one of the first reading of each
 * bucket that it covers: neither depends on the order in which readings are applied. Applying a statement twice changes nothing.
 */
export function replaceRange(before: StreamState, statement: SummedStatement): RangeReplacement {
  const baselineFrom = before.baselineFrom ?? statement.asOf;
  const { granularity, range, asOf } = statement;
  const { kept, days, ignored } = splitByResolution(before, granularity, range);
  const eligible = eligibleRange(before, baselineFrom, statement);
  let current = before.readings(granularity, 'current');
  let baseline = before.readings(granularity, 'baseline');
  const changes: CellChange[] = [];
  const contest = (part: Range, resolution: Granularity) => {
    const base = eligible && intersection(part, eligible);
    const forCurrent = overlay(current, { ...part, asOf }, latestWins);
    const forBaseline = base ? overlay(baseline, { ...base, asOf }, earliestWins) : NO_CHANGE;
    // A day that is kept as one cell is replaced whole or not at all.
    const wins = ({ won }: typeof forCurrent) => resolution === granularity || isWhole(won, part);
    if (wins(forCurrent)) current = forCurrent.intervals;
    if (base && wins(forBaseline)) baseline = forBaseline.intervals;
    const won = {
      current: wins(forCurrent) ? forCurrent.won : [],
      baseline: wins(forBaseline) ? forBaseline.won : [],
    };
    const next = resolution === granularity ? statement.amounts : byDay(statement.amounts, part, granularity);
    collectChanges(before.cells(resolution, part), next, { part, resolution, ...won }, changes);
  };
  for (const part of kept) contest(part, granularity);
  for (const day of days) contest(day, 'day');
  const deltas = deltasOf(before, { baselineFrom, granularity, range, current, baseline, changes });
  return { baselineFrom, cells: changes, deltas, current, baseline, ignored };
}

/** Splits a range by the resolution the ledger keeps there. */
function splitByResolution(before: StreamState, granularity: Granularity, range: Range) {
  if (granularity === 'day') return { kept: [range], days: [], ignored: [] };
  const compacted = before.compacted.flatMap((days) => intersection(days, range) ?? []);
  const kept = gapsIn(compacted, range);
  if (isComposed(before)) return { kept, days: [], ignored: compacted };
  const days = compacted.flatMap(({ start, end }) =>
    bucketsIn(DAY, { start: ceilTo(DAY, start), end: floorTo(DAY, end) }).map((day) => {
      return { start: day, end: day + DAY };
    }),
  );
  return { kept, days, ignored: compacted.flatMap((part) => gapsIn(days, part)) };
}

/**
 * The part of a statement that the baseline covers: all of the stream's first statement; of any other the buckets that ended
 * before the baseline and, if it is not the stream's finest reading, the one that contains it.
 */
function eligibleRange(
  before: StreamState,
  baseline: Instant,
  statement: SummedStatement,
): Range | undefined {
  if (before.baselineFrom === undefined) return statement.range;
  const size = sizeOf(statement.granularity);
  const end =
    statement.granularity === before.granularities[0] ? floorTo(size, baseline) : ceilTo(size, baseline);
  return intersection(statement.range, { start: Number.NEGATIVE_INFINITY, end });
}

function isWhole(won: readonly Range[], part: Range): boolean {
  return won.length === 1 && won[0]?.start === part.start && won[0].end === part.end;
}

function byDay(
  amounts: SummedStatement['amounts'],
  day: Range,
  granularity: Granularity,
): Map<Instant, SeriesAmounts> {
  const sum = new Map<number, Fixed>();
  for (const bucket of bucketsIn(sizeOf(granularity), day))
    for (const [series, value] of amounts.get(bucket) ?? []) addTo(sum, series, value);
  return new Map([[day.start, sum]]);
}

interface ContestedRange {
  readonly part: Range;
  readonly resolution: Granularity;
  readonly current: readonly Range[];
  readonly baseline: readonly Range[];
}

const NO_CHANGE: ReturnType<typeof overlay> = { intervals: [], won: [] };
const EMPTY_AMOUNTS: SeriesAmounts = new Map();
const EMPTY_CELLS: ReadonlyMap<number, Cell> = new Map();

function collectChanges(
  known: Cells,
  next: ReadonlyMap<Instant, SeriesAmounts>,
  contested: ContestedRange,
  changes: CellChange[],
): void {
  const { part, resolution, current, baseline } = contested;
  for (const bucket of new Set([...known.keys(), ...next.keys()])) {
    if (bucket < part.start || bucket >= part.end) continue;
    const winsCurrent = isWithin(bucket, current);
    const winsBaseline = isWithin(bucket, baseline);
    if (!winsCurrent && !winsBaseline) continue;
    const before = known.get(bucket) ?? EMPTY_CELLS;
    const after = next.get(bucket) ?? EMPTY_AMOUNTS;
    const change = (series: number, cell: Cell, amount: Fixed) => {
      const value = winsCurrent ? amount : cell.value;
      const baseline = winsBaseline ? amount : cell.baseline;
      if (value !== cell.value || baseline !== cell.baseline)
        changes.push({ granularity: resolution, bucket, series, value, baseline });
    };
    let matched = 0;
    for (const [series, amount] of after) {
      const cell = before.get(series);
      if (cell) matched += 1;
      change(series, cell ?? ZERO_CELL, amount);
    }
    if (matched === before.size) continue;
    for (const [series, cell] of before) if (!after.has(series)) change(series, cell, 0n);
  }
}

function isWithin(at: Instant, ranges: readonly Range[]): boolean {
  for (const range of ranges) if (range.start <= at && at < range.end) return true;
  return false;
}
