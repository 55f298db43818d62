import type { SeriesKey } from '../statement/series.ts';
import type { Note, Observation, ResourceFacts } from '../statement/statement.ts';
import type { Fixed } from '../values/money.ts';
import type { Granularity, Instant, Range } from '../values/time.ts';
import type { CellChange, Cells } from './cell.ts';
import type { PackedAmounts } from './packed-amounts.ts';
import type { ReadIntervals, Side } from './readings.ts';

/** Rows are immutable: what changes is replaced by a new row with the same key. */

export interface AccountRow {
  readonly id: number;
  readonly provider: string;
  readonly name: string;
  /** When it was first configured: its own counters were 0. */
  readonly openedAt: Instant;
  /** Label sets that went to the overflow series so far. */
  readonly overflowCount: number;
  /** Its known 0 has been exposed: see `known-zero.ts`. */
  readonly zeroShown: boolean;
}

export interface StreamRow {
  readonly id: number;
  readonly account: number;
  readonly name: string;
  /** As-of of its first applied statement, stored for good. */
  readonly baseline: Instant | undefined;
  /** Buckets before this are rolled up; later statements about them are ignored. */
  readonly closedBefore: Instant;
  /** Start of the month in which `closedBefore` was last moved. */
  readonly closedIn: Instant;
  /** Days from here up to `closedBefore` are in the archive. Undefined until a month was closed. */
  readonly archivedFrom: Instant | undefined;
}

/** All readings of one side of a stream at one granularity. */
export interface ReadingsRow {
  readonly stream: number;
  readonly granularity: Granularity;
  readonly side: Side;
  readonly intervals: ReadIntervals;
}

/** Counters of a series as they were when it was last hidden, shown until the hold ends. */
export interface ZeroHold {
  readonly total: Fixed;
  readonly corrections: Fixed;
  readonly since: Instant;
  /** A scrape or push has delivered the held values. */
  readonly shown: boolean;
}

export interface SeriesRow extends SeriesKey {
  readonly id: number;
  readonly stream: number;
  /** The series that shows this one's amounts: its own id, or the overflow series'. */
  readonly target: number;
  /** When it was created, with its counters at 0. */
  readonly createdAt: Instant;
  readonly total: Fixed;
  readonly corrections: Fixed;
  readonly hold: ZeroHold | undefined;
  /** End of the newest bucket that mentioned it. */
  readonly lastCell: Instant;
  readonly changedAt: Instant;
  /** Cells less baseline of the buckets that were rolled up, and what was set off when counters were reset. */
  readonly rolled: Fixed;
}

export interface ResourceRow {
  readonly account: number;
  readonly resource: string;
  /** Frozen at first sight. */
  readonly model: string;
  readonly tier: string;
  readonly facts: ResourceFacts;
}

export interface CellRow extends CellChange {
  readonly stream: number;
}

export type PeriodKind = 'day' | 'month';

/** Sum of the composed cost cells of a series in a UTC day or month: what the window gauges are made of. */
export interface PeriodTotalRow {
  readonly kind: PeriodKind;
  readonly start: Instant;
  readonly series: number;
  readonly value: Fixed;
}

/** What a closed UTC day of a stream came to, by the series that shows it, without those of 0. */
export interface ArchivedDay {
  readonly stream: number;
  readonly day: Instant;
  readonly amounts: ReadonlyMap<number, Fixed>;
}

/** Net dollars of a stream in an hour, by the currency they were paid with. Kept of the last two days. */
export interface HourlyTotalRow {
  readonly stream: number;
  readonly hour: Instant;
  readonly currency: string;
  readonly value: Fixed;
}

/** A tier with money that an answer left out, until another confirms it: see rule 13. */
export interface PendingOmission {
  readonly stream: number;
  readonly granularity: Granularity;
  readonly tier: string;
  readonly range: Range;
  readonly since: Instant;
}

export interface FeedRow {
  readonly account: number;
  readonly feed: string;
  /** What its statements covered, up to their as-of: joined, oldest first, the last few ranges only. */
  readonly read: readonly Range[];
  readonly lastSuccess: Instant | undefined;
  readonly state: string | undefined;
  readonly observations: readonly Observation[];
  readonly notes: readonly Note[];
  readonly reconciliation: { readonly difference: Fixed; readonly against: string } | undefined;
}

/** What the HTTP client remembers of an account's request budget across restarts, as its own JSON text. */
export interface RequestsRow {
  readonly account: number;
  readonly state: string;
}

/** A label set of a stream that shares the overflow series, by its digest. */
export interface OverflowRow {
  readonly stream: number;
  readonly digest: number;
}

/** Everything one change writes: all of it or nothing. */
export interface Commit {
  readonly accounts?: readonly AccountRow[];
  readonly streams?: readonly StreamRow[];
  readonly series?: readonly SeriesRow[];
  readonly resources?: readonly ResourceRow[];
  /** Label sets that overflow from now on. */
  readonly overflowed?: readonly OverflowRow[];
  /** Cells whose value and baseline are 0 are not kept. */
  readonly cells?: readonly CellRow[];
  readonly readings?: readonly ReadingsRow[];
  readonly periodTotals?: readonly PeriodTotalRow[];
  readonly hourlyTotals?: readonly HourlyTotalRow[];
  readonly feeds?: readonly FeedRow[];
  readonly requests?: readonly RequestsRow[];
  /** What was delivered to a receiver of some counters; replaces what was stored of these. */
  readonly deliveries?: readonly { readonly receiver: string; readonly rows: readonly Delivery[] }[];
  /** All pending omissions of a stream; replaces what was stored. */
  readonly omissions?: readonly { readonly stream: number; readonly rows: readonly PendingOmission[] }[];
  /** All compacted ranges of a stream; replaces what was stored. */
  readonly compacted?: readonly { readonly stream: number; readonly days: readonly Range[] }[];
  /** Removed before `cells` are written. */
  readonly dropped?: readonly {
    readonly stream: number;
    readonly granularity: Granularity;
    readonly range: Range;
  }[];
  readonly droppedHourlyTotals?: { readonly stream: number; readonly before: Instant };
  readonly droppedPeriodTotals?: { readonly kind: PeriodKind; readonly before: Instant };
  readonly archived?: readonly ArchivedDay[];
  readonly droppedArchive?: { readonly stream: number; readonly before: Instant };
}

/** What is in memory while the program runs: everything except cells and old period totals. */
export interface StoredLedger {
  readonly accounts: readonly AccountRow[];
  readonly streams: readonly StreamRow[];
  readonly series: readonly SeriesRow[];
  readonly resources: readonly ResourceRow[];
  readonly overflowed: readonly OverflowRow[];
  readonly readings: readonly ReadingsRow[];
  readonly feeds: readonly FeedRow[];
  readonly requests: readonly RequestsRow[];
  readonly hourlyTotals: readonly HourlyTotalRow[];
  readonly omissions: readonly PendingOmission[];
  readonly compacted: readonly { readonly stream: number; readonly days: readonly Range[] }[];
}

/** A row that the program's own order of calls guarantees. */
export function present<Row>(row: Row | undefined, what: string): Row {
  if (row === undefined) throw new Error(`${what} is not known to the ledger`);
  return row;
}

/** The next free number. */
export function nextKey(rows: ReadonlyMap<number, unknown>): number {
  let last = 0;
  for (const key of rows.keys()) if (key > last) last = key;
  return last + 1;
}

/** The ledger's file cannot be used. The message names it and says what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/**
 * The ledger's durable form. What is read is what was written, or a {@link StoreError} is thrown. Every call is synchronous, so
 * that a commit is done before anything is published.
 */
export interface Store {
  load(): StoredLedger;
  cells(stream: number, granularity: Granularity, range: Range): Cells;
  /** The same for what is not read again soon: a cache does not keep it. */
  peekCells(stream: number, granularity: Granularity, range: Range): Cells;
  periodTotals(kind: PeriodKind, start: Instant): PackedAmounts;
  /** @throws {StoreError} also when the day is not in the archive. */
  archivedDay(stream: number, day: Instant): PackedAmounts;
  /** What was delivered to a receiver last; undefined if the receiver is not known. */
  deliveries(receiver: string): readonly Delivery[] | undefined;
  /** @throws when nothing was written. */
  commit(commit: Commit): void;
  /** Makes all that is committed meanwhile durable at once. @throws when nothing of it was written. */
  together(work: () => void): void;
  close(): void;
}

/** What was last delivered of a counter to a receiver of differences. */
export interface Delivery {
  /** The counter's name. */
  readonly family: string;
  /** Values of the family's labels, in the family's order. */
  readonly labels: readonly string[];
  /** When the series was first 0: one that has restarted is delivered from 0 again. */
  readonly createdAt: Instant;
  /** As it was exposed. */
  readonly total: number;
  /** End of the time that was delivered. */
  readonly at: Instant;
}
