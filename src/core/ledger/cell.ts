import type { Fixed } from '../values/money.ts';
import type { Granularities, Granularity, Instant, Range } from '../values/time.ts';
import type { ReadIntervals, Side } from './readings.ts';

/** The amounts of one bucket of one series. */
export interface Cell {
  /** The newest reading. */
  readonly value: Fixed;
  /** The part of it that belongs to the baseline: the first reading of a bucket that the baseline covers, else 0. */
  readonly baseline: Fixed;
}

/** Cells by bucket start and series. */
export type Cells = ReadonlyMap<Instant, ReadonlyMap<number, Cell>>;

/** What is known of a stream before a statement, as far as the statement touches it. */
export interface StreamState {
  readonly granularities: Granularities;
  readonly settleMs: number;
  /** As-of of the stream's first applied statement; undefined before it. */
  readonly baselineFrom: Instant | undefined;
  /** Whole days that are kept at day resolution, oldest first. */
  readonly compacted: readonly Range[];
  readings(granularity: Granularity, side: Side): ReadIntervals;
  cells(granularity: Granularity, range: Range): Cells;
}

/** A cell that a statement gives another value. */
export interface CellChange extends Cell {
  readonly granularity: Granularity;
  readonly bucket: Instant;
  readonly series: number;
}

/** How far one bucket of one series moved, on the composed value. */
export interface Delta {
  readonly series: number;
  readonly bucket: Instant;
  /** New less old value of the cell: moves the window gauges. */
  readonly value: Fixed;
  /** The same without what belongs to the baseline: moves the counters. */
  readonly net: Fixed;
}

export const ZERO_CELL: Cell = { value: 0n, baseline: 0n };
