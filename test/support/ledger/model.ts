import type { Statement } from '../../../src/core/statement/statement.ts';
import type { Fixed } from '../../../src/core/values/money.ts';
import { DAY, floorTo, type Granularity, type Instant, sizeOf } from '../../../src/core/values/time.ts';

/**
 * A ledger that keeps every statement and works everything out from scratch, one bucket at a time. Written from the design,
 * slow on purpose, and without anything the ledger is made of: no runs, no deltas, no state.
 */
export interface Model {
  /** Every composed amount of a UTC day, by resource. */
  day(start: Instant): Map<string, Fixed>;
  /** The part of it that belongs to the baseline. */
  baselineOf(start: Instant): Map<string, Fixed>;
  /** Days that any statement touched. */
  days(): Instant[];
  /** What the counters' difference must be, by resource: cells less baseline, since the restore where there was one. */
  net(): Map<string, Fixed>;
}

type Cells = Omit<Model, 'net'>;

export interface ModelOptions {
  /** Finest first. */
  readonly granularities: readonly Granularity[];
  readonly settleMs: number;
  /** So many of the statements were in the database when it was restored: a new epoch began. */
  readonly restoredAfter?: number;
}

/** @param statements in the order in which they were applied: only which one was the first matters. */
export function modelOf(statements: readonly Statement[], options: ModelOptions): Model {
  const { restoredAfter } = options;
  const cells = cellsOf(statements, options);
  // A restore sets counters to 0, whatever the cells and the baseline then come to.
  const atZero =
    restoredAfter === undefined
      ? new Map<string, Fixed>()
      : netOf(cellsOf(statements.slice(0, restoredAfter), options));
  return { ...cells, net: () => difference(netOf(cells), atZero) };
}

function netOf({ day, baselineOf, days }: Cells): Map<string, Fixed> {
  return difference(sum(days().map(day)), sum(days().map(baselineOf)));
}

function cellsOf(statements: readonly Statement[], options: ModelOptions): Cells {
  const newest: Side = { readings: statements, wins: (a, b) => a > b, baseline: undefined };
  const first = baselineOf(statements, options);
  const compose = composer(options);
  const coarsest = options.granularities.at(-1) ?? 'day';
  const sumOfDay = (side: Side, start: Instant) =>
    sum(
      steps(start, start + DAY, sizeOf(coarsest)).map((at) =>
        compose(side, options.granularities.length - 1, at),
      ),
    );
  const days = () => [
    ...new Set(statements.flatMap(({ range }) => steps(floorTo(DAY, range.start), range.end, DAY))),
  ];
  return {
    day: (start) => sumOfDay(newest, start),
    baselineOf: (start) => sumOfDay(first, start),
    days,
  };
}

interface Side {
  readonly readings: readonly Statement[];
  readonly wins: (challenger: Instant, holder: Instant) => boolean;
  /** Set for the first readings. */
  readonly baseline: Instant | undefined;
}

function baselineOf(statements: readonly Statement[], options: ModelOptions): Side {
  const { restoredAfter } = options;
  if (restoredAfter === undefined) {
    const baseline = statements[0]?.asOf ?? 0;
    return { readings: eligible(statements, baseline, options), wins: (a, b) => a < b, baseline };
  }
  // What was restored, as it was read last; and the first reading of what was not in it.
  const restored = statements.slice(0, restoredAfter);
  const known = new Set(restored.map(({ asOf }) => asOf));
  const baseline = Math.max(...known);
  const later = eligible([...restored.slice(0, 1), ...statements.slice(restoredAfter)], baseline, options);
  return {
    readings: [...restored, ...later.slice(1)],
    wins: (a, b) => (known.has(b) ? known.has(a) && a > b : known.has(a) || a < b),
    baseline,
  };
}

/**
 * The baseline is all of the first statement, the first reading of every bucket that ended before its as-of, and where there
 * are several granularities, the first coarser reading of the bucket that holds it.
 */
function eligible(statements: readonly Statement[], baseline: Instant, options: ModelOptions): Statement[] {
  return statements.flatMap((each, index) => {
    if (index === 0) return [each];
    const size = sizeOf(each.granularity);
    const isFinest = each.granularity === options.granularities[0];
    const isBefore = (start: Instant) => (isFinest ? start + size <= baseline : start < baseline);
    const starts = steps(each.range.start, each.range.end, size).filter(isBefore);
    const last = starts.at(-1);
    return last === undefined ? [] : [{ ...each, range: { start: each.range.start, end: last + size } }];
  });
}

type Amounts = ReadonlyMap<string, Fixed>;

function composer({ granularities, settleMs }: ModelOptions) {
  const reading = (side: Side, index: number, at: Instant): Statement | undefined => {
    let held: Statement | undefined;
    for (const each of side.readings) {
      if (each.granularity !== granularities[index] || at < each.range.start || at >= each.range.end)
        continue;
      if (!held || side.wins(each.asOf, held.asOf)) held = each;
    }
    return held;
  };
  const sizeAt = (index: number) => sizeOf(granularities[index] ?? 'day');
  const amounts = (side: Side, index: number, at: Instant): Amounts => {
    const charges = reading(side, index, at)?.charges.filter(
      (charge) => charge.at >= at && charge.at < at + sizeAt(index),
    );
    return sum((charges ?? []).map((charge) => new Map([[charge.resource, charge.value]])));
  };

  /** How far readings of this granularity or a finer one say something, from `at` on to the end of the bucket. */
  const through = (side: Side, index: number, start: Instant, end: Instant): Instant => {
    for (const at of steps(start, end, sizeAt(index))) {
      const asOf = reading(side, index, at)?.asOf ?? at;
      const bucketEnd = at + sizeAt(index);
      const own = Math.max(at, Math.min(bucketEnd, asOf));
      const finer = index > 0 ? through(side, index - 1, at, bucketEnd) : at;
      if (Math.max(own, finer) < bucketEnd) return Math.max(own, finer);
    }
    return end;
  };

  /** What was never read at a finer granularity says nothing, not 0. */
  const isReadBelow = (side: Side, index: number, start: Instant, end: Instant): boolean =>
    Array.from({ length: index }, (_, finer) => finer).some((finer) =>
      steps(start, end, sizeAt(finer)).some((at) => reading(side, finer, at) !== undefined),
    );

  const compose = (side: Side, index: number, at: Instant): Amounts => {
    const own = amounts(side, index, at);
    if (index === 0) return own;
    const end = at + sizeAt(index);
    const asOf = reading(side, index, at)?.asOf;
    if (asOf !== undefined && asOf > end + settleMs) return own;
    if (asOf !== undefined && asOf === side.baseline) return own;
    const finer = sum(steps(at, end, sizeAt(index - 1)).map((start) => compose(side, index - 1, start)));
    if (asOf === undefined) return finer;
    const isOpen = asOf < end;
    const needed = Math.min(end, asOf, side.baseline ?? end);
    const lag = isOpen && side.baseline === undefined ? 2 * sizeAt(index - 1) : 0;
    const isWhole = needed > at && through(side, index - 1, at, end) >= needed - lag;
    if (isWhole) return finer;
    return isReadBelow(side, index, at, end) ? larger(own, finer) : own;
  };
  return compose;
}

function larger(a: Amounts, b: Amounts): Amounts {
  const names = new Set([...a.keys(), ...b.keys()]);
  const most = (name: string) =>
    ((a.get(name) ?? 0n) > (b.get(name) ?? 0n) ? a.get(name) : b.get(name)) ?? 0n;
  return new Map([...names].map((name) => [name, most(name)]));
}

/** Of every name that either has: what is gone is below where it was. */
function difference(after: Amounts, before: Amounts): Map<string, Fixed> {
  const names = new Set([...after.keys(), ...before.keys()]);
  return new Map([...names].map((name) => [name, (after.get(name) ?? 0n) - (before.get(name) ?? 0n)]));
}

function sum(parts: readonly Amounts[]): Map<string, Fixed> {
  const result = new Map<string, Fixed>();
  for (const part of parts) {
    for (const [name, value] of part) result.set(name, (result.get(name) ?? 0n) + value);
  }
  return result;
}

function steps(start: Instant, end: Instant, size: number): Instant[] {
  return Array.from(
    { length: Math.max(0, Math.ceil((end - start) / size)) },
    (_, index) => start + index * size,
  );
}

/**
 * Whether a provider that bills only days that have ended has told a range of days: without a hole from the first to the last that
 * it told, and where the range is over, all of them.
 */
export function isTold(
  statements: readonly Statement[],
  days: { readonly start: Instant; readonly end: Instant; readonly isOver: boolean },
): boolean {
  const isDayTold = (day: Instant) =>
    statements.some(({ range, asOf }) => range.start <= day && day < range.end && asOf >= day + DAY);
  const all = steps(days.start, days.end, DAY);
  const due = days.isOver ? all : all.slice(0, all.findLastIndex(isDayTold) + 1);
  return due.length > 0 && due.every(isDayTold);
}
