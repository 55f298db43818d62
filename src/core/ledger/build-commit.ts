import { newestOf } from '../statement/observations.ts';
import type { ResourceFacts, Statement } from '../statement/statement.ts';
import { joinRanges } from '../values/ranges.ts';
import { type Instant, intersection, type Range, sizeOf } from '../values/time.ts';
import type { StreamState } from './cell.ts';
import { firstClosing } from './closing.ts';
import { moveCounters } from './counters.ts';
import { emptyFeed } from './feed-record.ts';
import { updateHourlyTotals } from './hourly-totals.ts';
import { updateOmissions } from './omissions.ts';
import { updatePeriodTotals } from './period-totals.ts';
import { knownRanges, knownWholeBuckets, SIDES } from './readings.ts';
import {
  type AccountRow,
  type Commit,
  type FeedRow,
  nextKey,
  present,
  type Store,
  type StreamRow,
} from './records.ts';
import { type RangeReplacement, replaceRange } from './replace-range.ts';
import { updateResources } from './resource-facts.ts';
import { exposedSeries, FEED_SERIES, OVERFLOW_SERIES, SeriesAllocator } from './series-allocator.ts';
import { OVERFLOW } from './series-key.ts';
import type { AccountSettings, FeedKey, StatementOutcome, StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';
import { sumCharges } from './sum-charges.ts';
import { isRetired } from './zero-hold.ts';

export interface CommitInput {
  readonly store: Store;
  readonly state: LedgerState;
  readonly feed: FeedKey;
  readonly settings: AccountSettings;
  readonly statement: Statement;
  readonly resources: readonly ResourceFacts[];
  readonly now: Instant;
}

interface StatementContext extends CommitInput {
  readonly account: AccountRow;
  readonly stream: StreamRow;
  readonly streamSettings: StreamSettings;
  /** The part of the statement's range that is not closed; empty if all of it is. */
  readonly range: Range;
}

/**
 * Works out everything that a statement changes, for one commit. Changes nothing itself.
 *
 * @throws {RangeError} when a charge lies outside the statement's range, or no provider can mean its amount.
 */
export function buildCommit(input: CommitInput): { commit: Commit; outcome: StatementOutcome } {
  const context = contextOf(input);
  const { state, account, stream, statement, range } = context;
  const before = streamStateOf(context);
  const allocator = new SeriesAllocator({
    state,
    account,
    stream: stream.id,
    nextId: nextKey(state.series),
    remaining: () => remainingSeries(context),
    now: input.now,
  });
  const { amounts, unconverted } = sumCharges(input, allocator, range);
  const omissions = updateOmissions(context, before, range, amounts);
  const { granularity, asOf } = statement;
  const replacement = replaceRange(before, { granularity, range, asOf, amounts });
  const commit = commitOf(context, allocator, replacement);
  const { series = [], resources = [] } = commit;
  return {
    commit: { ...commit, omissions: [{ stream: stream.id, rows: omissions.pending }] },
    outcome: {
      changed: replacement.deltas.length > 0 || series.length > 0 || resources.length > 0,
      unconverted,
      late: [...closedPart(context), ...replacement.ignored],
      keptTiers: omissions.kept,
    },
  };
}

function contextOf(input: CommitInput): StatementContext {
  const { state, feed, settings, statement, now } = input;
  const account = present(state.accounts.get(feed.account), `account ${feed.account}`);
  const streamSettings = present(
    settings.streams.find(({ name }) => name === statement.stream),
    `stream ${statement.stream}`,
  );
  const stream = state.streamOf(account.id, statement.stream) ?? {
    ...firstClosing(settings, streamSettings, now),
    id: nextKey(state.streams),
    account: account.id,
    name: statement.stream,
    baseline: undefined,
    archivedFrom: undefined,
  };
  const { closedBefore } = stream;
  const open = intersection(statement.range, { start: closedBefore, end: Number.POSITIVE_INFINITY });
  const range = open ?? { start: closedBefore, end: closedBefore };
  return { ...input, account, stream, streamSettings, range };
}

function streamStateOf({ store, state, stream, streamSettings }: StatementContext): StreamState {
  return {
    granularities: streamSettings.granularities,
    settleMs: streamSettings.settleMs,
    baselineFrom: stream.baseline,
    compacted: state.compacted(stream.id),
    readings: (granularity, side) => state.readings(stream.id, granularity, side),
    cells: (granularity, range) => store.cells(stream.id, granularity, range),
  };
}

function commitOf(
  context: StatementContext,
  allocator: SeriesAllocator,
  replacement: RangeReplacement,
): Commit {
  const { state, account, stream, streamSettings, feed, statement, now } = context;
  const { deltas, baselineFrom } = replacement;
  const row = (id: number) => present(allocator.row(id), `series ${id}`);
  const { granularity } = statement;
  return {
    accounts: withOverflow(account, allocator.overflowed.size),
    streams: stream.baseline === baselineFrom ? [] : [{ ...stream, baseline: baselineFrom }],
    series: moveCounters({ stream, now, granularity, created: allocator.created, row }, deltas),
    resources: updateResources(state, account.id, context.resources, allocator.resources),
    overflowed: [...allocator.overflowed].map((digest) => ({ stream: stream.id, digest })),
    cells: replacement.cells.map((cell) => ({ ...cell, stream: stream.id })),
    readings: SIDES.map((side) => ({ stream: stream.id, granularity, side, intervals: replacement[side] })),
    periodTotals: updatePeriodTotals(state, deltas, row),
    hourlyTotals: updateHourlyTotals(
      { state, stream: stream.id, settings: streamSettings, now },
      deltas,
      row,
    ),
    feeds: [extendFeed(state.feed(account.id, feed.feed) ?? emptyFeed(feed), context)],
  };
}

function withOverflow(account: AccountRow, count: number): AccountRow[] {
  return count === 0 ? [] : [{ ...account, overflowCount: account.overflowCount + count }];
}

/** What of the statement's range is closed. */
function closedPart({ statement, range }: StatementContext): Range[] {
  const { start, end } = statement.range;
  return range.start > start ? [{ start, end: Math.min(range.start, end) }] : [];
}

/** How many more series the account may expose, the overflow series set aside. */
function remainingSeries({ state, account, settings, now }: StatementContext): number {
  let used = OVERFLOW_SERIES;
  const resources = new Set<string>();
  for (const row of state.series.values()) {
    const isOfAccount = state.streams.get(row.stream)?.account === account.id;
    if (!isOfAccount || row.target !== row.id || row.resource === OVERFLOW || isRetired(row, now)) continue;
    used += exposedSeries(row.measure);
    if (row.measure === 'cost') resources.add(row.resource);
  }
  const feeds = state.feedsOf(account.id);
  used += FEED_SERIES * feeds.length + newestOf(feeds.flatMap(({ observations }) => observations)).length;
  return settings.maxSeries - used - resources.size;
}

/** More ranges than a feed that reads newest first leaves open at a time. */
const MAX_READ_RANGES = 64;

/** The feed with what a statement covers added to what it has read. */
function extendFeed(row: FeedRow, { statement, streamSettings }: StatementContext): FeedRow {
  const { range, asOf, granularity } = statement;
  const reading = { ...range, asOf };
  const read = streamSettings.closedBuckets
    ? knownWholeBuckets(reading, sizeOf(granularity))
    : knownRanges(reading);
  if (read.length === 0) return row;
  return { ...row, read: joinRanges([...row.read, ...read]).slice(-MAX_READ_RANGES) };
}
