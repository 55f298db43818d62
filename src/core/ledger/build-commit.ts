import { newestOf } from '../statement/observations.ts';
import type { ResourceFacts, Statement } from '../statement/statement.ts';
import type { Fixed } from '../values/money.ts';
import { joinedRanges } from '../values/ranges.ts';
import { type Instant, intersection, sizeOf } from '../values/time.ts';
import type { StreamState } from './cell.ts';
import { emptyFeed } from './feed-record.ts';
import { hasHourlyTotals, updateHourlyTotals } from './hourly-totals.ts';
import { updateOmissions } from './omissions.ts';
import { updatePeriodTotals } from './period-totals.ts';
import { knownRanges, knownWholeBuckets } from './readings.ts';
import type { AccountRow, Commit, FeedRow, SeriesRow, Store, StreamRow, ZeroHold } from './records.ts';
import { type RangeReplacement, replaceRange } from './replace-range.ts';
import {
  createSeriesAllocator,
  exposedLines,
  FEED_LINES,
  OVERFLOW_LINES,
  renamed,
  type SeriesAllocator,
} from './series-allocator.ts';
import { OVERFLOW } from './series-key.ts';
import type { AccountSettings, FeedKey, StatementOutcome, StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';
import { sumCharges } from './sum-charges.ts';
import { isRetired } from './zero-hold.ts';

export interface CommitInput {
  readonly store: Store;
  readonly book: LedgerState;
  readonly feed: FeedKey;
  readonly account: AccountRow;
  readonly stream: StreamRow;
  readonly settings: AccountSettings;
  readonly streamSettings: StreamSettings;
  readonly statement: Statement;
  readonly resources: readonly ResourceFacts[];
  readonly now: Instant;
}

/** Works out everything that a statement changes, for one commit. Changes nothing itself. */
export function buildCommit(input: CommitInput): { commit: Commit; applied: StatementOutcome } {
  const { book, account, stream, statement } = input;
  const open = { start: stream.closedBefore, end: Number.POSITIVE_INFINITY };
  const range = intersection(statement.range, open) ?? {
    start: stream.closedBefore,
    end: stream.closedBefore,
  };
  const stand = streamStateOf(input);
  const assigner = createSeriesAllocator({
    book,
    account,
    stream: stream.id,
    nextId: nextKey(book.series),
    room: () => remainingSeries(input),
    now: input.now,
  });
  const { amounts, unconverted } = sumCharges(input, assigner, range);
  const silence = updateOmissions(input, stand, range, amounts);
  const outcome = replaceRange(stand, {
    granularity: statement.granularity,
    range,
    asOf: statement.asOf,
    amounts,
  });
  const row = (id: number) => assigner.created.get(id) ?? present(book.series.get(id), `series ${id}`);
  const series = movedSeries(input, outcome, assigner, row);
  const closed =
    range.start > statement.range.start
      ? [{ start: statement.range.start, end: Math.min(range.start, statement.range.end) }]
      : [];
  const resources = renamed(book, account.id, input.resources, assigner.resources);
  const commit: Commit = {
    accounts: [
      {
        ...account,
        baseline: outcome.baselineFrom,
        overflowCount: account.overflowCount + assigner.overflowed.size,
      },
    ],
    series,
    resources,
    overflowed: [...assigner.overflowed].map((digest) => ({ stream: stream.id, digest })),
    cells: outcome.cells.map((cell) => ({ ...cell, stream: stream.id })),
    readings: (['current', 'baseline'] as const).map((side) => ({
      stream: stream.id,
      granularity: statement.granularity,
      side,
      runs: outcome[side],
    })),
    periodTotals: updatePeriodTotals(book, outcome.deltas, row),
    hourlyTotals: hasHourlyTotals(input.streamSettings)
      ? updateHourlyTotals(
          { book, stream: stream.id, settings: input.streamSettings, now: input.now },
          outcome.deltas,
          row,
        )
      : [],
    feeds: [extended(book.feed(account.id, input.feed.feed) ?? emptyFeed(input.feed), input)],
    omissions: [{ stream: stream.id, rows: silence.open }],
  };
  const changed = outcome.deltas.length > 0 || series.length > 0 || resources.length > 0;
  return {
    commit,
    applied: { changed, unconverted, late: [...closed, ...outcome.ignored], held: silence.held },
  };
}

function streamStateOf({ store, book, account, stream, streamSettings }: CommitInput): StreamState {
  return {
    granularities: streamSettings.granularities,
    settleMs: streamSettings.settleMs,
    baselineFrom: account.baseline,
    compacted: book.compacted(stream.id),
    current: (granularity) => book.readings(stream.id, granularity, 'current'),
    baseline: (granularity) => book.readings(stream.id, granularity, 'baseline'),
    cells: (granularity, range) => store.cells(stream.id, granularity, range),
  };
}

/** How many more series the account may expose, the overflow series set aside. */
function remainingSeries({ book, account, settings, now }: CommitInput): number {
  let used = OVERFLOW_LINES;
  const resources = new Set<string>();
  for (const row of book.series.values()) {
    const mine = book.streams.get(row.stream)?.account === account.id;
    if (!mine || row.target !== row.id || row.resource === OVERFLOW || isRetired(row, now)) continue;
    used += exposedLines(row.measure);
    if (row.measure === 'cost') resources.add(row.resource);
  }
  const feeds = book.feedsOf(account.id);
  used += FEED_LINES * feeds.length + newestOf(feeds.flatMap(({ observations }) => observations)).length;
  return settings.maxSeries - used - resources.size;
}

/** The rows of all series that are new or moved, with their counters, holds and times. */
function movedSeries(
  input: CommitInput,
  outcome: RangeReplacement,
  assigner: SeriesAllocator,
  row: (id: number) => SeriesRow,
): SeriesRow[] {
  const { statement, account, now } = input;
  const moved = new Map<number, { total: Fixed; corrections: Fixed; lastCell: Instant }>();
  const size = sizeOf(statement.granularity);
  for (const delta of outcome.deltas) {
    const target = row(delta.series).target;
    const sum = moved.get(target) ?? { total: 0n, corrections: 0n, lastCell: 0 };
    if (delta.net > 0n) sum.total += delta.net;
    else sum.corrections -= delta.net;
    sum.lastCell = Math.max(sum.lastCell, delta.bucket + size);
    moved.set(target, sum);
  }
  const isLate = (id: number) => account.baseline !== undefined && assigner.created.has(id);
  const fresh = [...assigner.created.keys()].filter((id) => !moved.has(id));
  const rows = fresh.map((id) => ({ ...row(id), hold: holdOf(row(id), isLate(id), now) }));
  for (const [id, sum] of moved) {
    const known = row(id);
    rows.push({
      ...known,
      total: known.total + sum.total,
      corrections: known.corrections + sum.corrections,
      hold: holdOf(known, isLate(id), now),
      lastCell: Math.max(known.lastCell, sum.lastCell),
      changedAt: now,
    });
  }
  return rows;
}

/**
 * A label set that is new after the baseline, or back after it had left, starts at the values it had.
 *
 * One that only history names so far is no exception: its first spend may come before anybody has seen it at 0.
 */
function holdOf(row: SeriesRow, isLate: boolean, now: Instant): ZeroHold | undefined {
  const start = { total: row.total, corrections: row.corrections, since: now, shown: false };
  return isLate || isRetired(row, now) ? start : row.hold;
}

/** More stretches than a feed that reads newest first leaves open at a time. */
const STRETCHES = 64;

/** The feed with what a statement covers added to what it has read. */
function extended(row: FeedRow, { statement, streamSettings }: CommitInput): FeedRow {
  const { range, asOf, granularity } = statement;
  const run = { ...range, asOf };
  const read = streamSettings.closedBuckets ? knownWholeBuckets(run, sizeOf(granularity)) : knownRanges(run);
  if (read.length === 0) return row;
  return { ...row, read: joinedRanges([...row.read, ...read]).slice(-STRETCHES) };
}

/** The next free number. */
export function nextKey(rows: ReadonlyMap<number, unknown>): number {
  let last = 0;
  for (const key of rows.keys()) if (key > last) last = key;
  return last + 1;
}

/** The value, which the program's own order of calls guarantees. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is not known to the ledger`);
  return value;
}
