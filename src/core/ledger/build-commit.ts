import { newestOf } from '../statement/observations.ts';
import type { ResourceFacts, Statement } from '../statement/statement.ts';
import type { Fixed } from '../values/money.ts';
import { joinedRanges } from '../values/ranges.ts';
import { type Instant, intersection, sizeOf } from '../values/time.ts';
import type { Stand } from './cell.ts';
import { emptyFeed } from './feed-record.ts';
import { hasHours, hourRows } from './hourly-totals.ts';
import { silencesOf } from './omissions.ts';
import { sumRows } from './period-totals.ts';
import { known, knownWhole } from './readings.ts';
import type { AccountRow, Commit, FeedRow, Hold, SeriesRow, Store, StreamRow } from './records.ts';
import { apply, type Outcome } from './replace-range.ts';
import {
  type Assigner,
  exposedLines,
  FEED_LINES,
  OVERFLOW_LINES,
  openAssigner,
  renamed,
} from './series-allocator.ts';
import { OVERFLOW } from './series-key.ts';
import type { AccountSettings, Applied, FeedKey, StreamSettings } from './settings.ts';
import type { Book } from './state.ts';
import { sumLines } from './sum-charges.ts';
import { isRetired } from './zero-hold.ts';

export interface ChangeInput {
  readonly store: Store;
  readonly book: Book;
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
export function changeOf(input: ChangeInput): { commit: Commit; applied: Applied } {
  const { book, account, stream, statement } = input;
  const open = { start: stream.closedBefore, end: Number.POSITIVE_INFINITY };
  const range = intersection(statement.range, open) ?? {
    start: stream.closedBefore,
    end: stream.closedBefore,
  };
  const stand = standOf(input);
  const assigner = openAssigner({
    book,
    account,
    stream: stream.id,
    nextId: nextKey(book.series),
    room: () => roomOf(input),
    now: input.now,
  });
  const { amounts, unconverted } = sumLines(input, assigner, range);
  const silence = silencesOf(input, stand, range, amounts);
  const outcome = apply(stand, { granularity: statement.granularity, range, asOf: statement.asOf, amounts });
  const row = (id: number) => assigner.created.get(id) ?? present(book.series.get(id), `series ${id}`);
  const series = movedSeries(input, outcome, assigner, row);
  const closed =
    range.start > statement.range.start
      ? [{ start: statement.range.start, end: Math.min(range.start, statement.range.end) }]
      : [];
  const resources = renamed(book, account.id, input.resources, assigner.resources);
  const commit: Commit = {
    accounts: [{ ...account, baseline: outcome.baseline, folded: account.folded + assigner.folded.size }],
    series,
    resources,
    folded: [...assigner.folded].map((digest) => ({ stream: stream.id, digest })),
    cells: outcome.cells.map((cell) => ({ ...cell, stream: stream.id })),
    readings: (['newest', 'oldest'] as const).map((side) => ({
      stream: stream.id,
      granularity: statement.granularity,
      side,
      runs: outcome[side],
    })),
    sums: sumRows(book, outcome.deltas, row),
    hours: hasHours(input.streamSettings)
      ? hourRows(
          { book, stream: stream.id, settings: input.streamSettings, now: input.now },
          outcome.deltas,
          row,
        )
      : [],
    feeds: [extended(book.feed(account.id, input.feed.feed) ?? emptyFeed(input.feed), input)],
    silences: [{ stream: stream.id, rows: silence.open }],
  };
  const changed = outcome.deltas.length > 0 || series.length > 0 || resources.length > 0;
  return {
    commit,
    applied: { changed, unconverted, late: [...closed, ...outcome.ignored], held: silence.held },
  };
}

function standOf({ store, book, account, stream, streamSettings }: ChangeInput): Stand {
  return {
    granularities: streamSettings.granularities,
    settleMs: streamSettings.settleMs,
    baseline: account.baseline,
    compacted: book.compacted(stream.id),
    newest: (granularity) => book.runs(stream.id, granularity, 'newest'),
    oldest: (granularity) => book.runs(stream.id, granularity, 'oldest'),
    cells: (granularity, range) => store.cells(stream.id, granularity, range),
  };
}

/** How many more series the account may expose, the overflow series set aside. */
function roomOf({ book, account, settings, now }: ChangeInput): number {
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
  input: ChangeInput,
  outcome: Outcome,
  assigner: Assigner,
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
function holdOf(row: SeriesRow, isLate: boolean, now: Instant): Hold | undefined {
  const start = { total: row.total, corrections: row.corrections, since: now, shown: false };
  return isLate || isRetired(row, now) ? start : row.hold;
}

/** More stretches than a feed that reads newest first leaves open at a time. */
const STRETCHES = 64;

/** The feed with what a statement covers added to what it has read. */
function extended(row: FeedRow, { statement, streamSettings }: ChangeInput): FeedRow {
  const { range, asOf, granularity } = statement;
  const run = { ...range, asOf };
  const read = streamSettings.closedBuckets ? knownWhole(run, sizeOf(granularity)) : known(run);
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
