import type { Fixed } from '../values/money.ts';
import { subtract } from '../values/ranges.ts';
import {
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
  /** New runs of the statement's granularity. */
  readonly current: ReadIntervals;
  readonly baseline: ReadIntervals;
  /** Parts of the statement's range that lie in compacted days it does not cover whole: ignored. */
  readonly ignored: readonly Range[];
}

/**
 * Replaces what is known about the statement's range.
 *
 * Cells are a pure function of the newest reading of each bucket, and the baseline is one of the first reading of each
 * bucket that it covers: neither depends on the order in which readings are applied. Applying a statement twice changes nothing.
 */
export function replaceRange(stand: StreamState, statement: SummedStatement): RangeReplacement {
  const baselineFrom = stand.baselineFrom ?? statement.asOf;
  const { granularity, range, asOf } = statement;
  const { kept, days, ignored } = resolved(stand, granularity, range);
  const eligible = eligibleRange(stand, baselineFrom, statement);
  let current = stand.current(granularity);
  let baseline = stand.baseline(granularity);
  const changes: CellChange[] = [];
  const contest = (part: Range, resolution: Granularity) => {
    const base = eligible && intersection(part, eligible);
    const forCurrent = overlay(current, { ...part, asOf }, latestWins);
    const forBaseline = base ? overlay(baseline, { ...base, asOf }, earliestWins) : NO_CHANGE;
    // A day that is kept as one cell is replaced whole or not at all.
    const wins = (side: typeof forCurrent) => resolution === granularity || takesAll(side.won, part);
    if (wins(forCurrent)) current = forCurrent.runs;
    if (base && wins(forBaseline)) baseline = forBaseline.runs;
    const won = {
      current: wins(forCurrent) ? forCurrent.won : [],
      baseline: wins(forBaseline) ? forBaseline.won : [],
    };
    const next = resolution === granularity ? statement.amounts : byDay(statement.amounts, part, granularity);
    collect(stand.cells(resolution, part), next, { part, resolution, ...won }, changes);
  };
  for (const part of kept) contest(part, granularity);
  for (const day of days) contest(day, 'day');
  const deltas = deltasOf(stand, { baselineFrom, granularity, range, current, baseline, changes });
  return { baselineFrom, cells: changes, deltas, current, baseline, ignored };
}

/** Splits a range by the resolution the ledger keeps there. */
function resolved(stand: StreamState, granularity: Granularity, range: Range) {
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

/**
 * The part of a statement that the baseline covers: all of the account's first statement; of any other the buckets that ended
 * before the baseline and, where it is not the stream's finest reading, the one that holds it.
 */
function eligibleRange(stand: StreamState, baseline: Instant, statement: SummedStatement): Range | undefined {
  if (stand.baselineFrom === undefined) return statement.range;
  const size = sizeOf(statement.granularity);
  const end =
    statement.granularity === stand.granularities[0] ? floorTo(size, baseline) : ceilTo(size, baseline);
  return intersection(statement.range, { start: Number.NEGATIVE_INFINITY, end });
}

function takesAll(won: readonly Range[], part: Range): boolean {
  return won.length === 1 && won[0]?.start === part.start && won[0].end === part.end;
}

function byDay(
  amounts: SummedStatement['amounts'],
  day: Range,
  granularity: Granularity,
): Map<Instant, SeriesAmounts> {
  const sum = new Map<number, Fixed>();
  for (let bucket = day.start; bucket < day.end; bucket += sizeOf(granularity)) {
    for (const [series, value] of amounts.get(bucket) ?? []) sum.set(series, (sum.get(series) ?? 0n) + value);
  }
  return new Map([[day.start, sum]]);
}

interface Contested {
  readonly part: Range;
  readonly resolution: Granularity;
  readonly current: readonly Range[];
  readonly baseline: readonly Range[];
}

const NO_CHANGE: ReturnType<typeof overlay> = { runs: [], won: [] };
const EMPTY_AMOUNTS: SeriesAmounts = new Map();
const EMPTY_CELLS: ReadonlyMap<number, Cell> = new Map();

function collect(
  known: Cells,
  next: ReadonlyMap<Instant, SeriesAmounts>,
  contested: Contested,
  changes: CellChange[],
): void {
  const { part, resolution, current, baseline } = contested;
  const buckets = new Set<Instant>();
  for (const bucket of known.keys()) if (bucket >= part.start && bucket < part.end) buckets.add(bucket);
  for (const bucket of next.keys()) if (bucket >= part.start && bucket < part.end) buckets.add(bucket);
  for (const bucket of buckets) {
    const winsCurrent = holds(current, bucket);
    const winsBaseline = holds(baseline, bucket);
    if (!winsCurrent && !winsBaseline) continue;
    const before = known.get(bucket) ?? EMPTY_CELLS;
    const after = next.get(bucket) ?? EMPTY_AMOUNTS;
    const change = (series: number, cell: Cell, amount: Fixed) => {
      const value = winsCurrent ? amount : cell.value;
      const baseline = winsBaseline ? amount : cell.baseline;
      if (value !== cell.value || baseline !== cell.baseline)
        changes.push({ granularity: resolution, bucket, series, value, baseline });
    };
    let met = 0;
    for (const [series, amount] of after) {
      const cell = before.get(series);
      if (cell) met += 1;
      change(series, cell ?? ZERO_CELL, amount);
    }
    if (met === before.size) continue;
    for (const [series, cell] of before) if (!after.has(series)) change(series, cell, 0n);
  }
}

function holds(ranges: readonly Range[], at: Instant): boolean {
  for (const range of ranges) if (range.start <= at && at < range.end) return true;
  return false;
}
