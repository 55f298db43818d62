import type { SeriesKey } from '../statement/series.ts';
import type { Fixed } from '../values/money.ts';
import { joinedRanges } from '../values/ranges.ts';
import { DAY, type Granularity, type Instant, type Range, startOfDay, startOfMonth } from '../values/time.ts';
import { knownRanges, type ReadInterval, type ReadIntervals } from './readings.ts';
import type {
  AccountRow,
  Commit,
  FeedRow,
  HourlyTotalRow,
  PendingOmission,
  PeriodKind,
  ReadingsRow,
  ResourceRow,
  SeriesRow,
  Store,
  StreamRow,
} from './records.ts';
import { keyOf } from './series-key.ts';

/** The rows in memory, found by what they are asked for. Changed only by {@link LedgerState.applyCommit}, after a commit. */
export interface LedgerState {
  readonly accounts: ReadonlyMap<number, AccountRow>;
  readonly streams: ReadonlyMap<number, StreamRow>;
  readonly series: ReadonlyMap<number, SeriesRow>;
  accountOf(provider: string, name: string): AccountRow | undefined;
  streamOf(account: number, name: string): StreamRow | undefined;
  streamsOf(account: number): StreamRow[];
  seriesOf(stream: number, charge: SeriesKey): SeriesRow | undefined;
  /** Digests of the label sets of a stream that share the overflow series. */
  overflowed(stream: number): ReadonlySet<number>;
  resource(account: number, resource: string): ResourceRow | undefined;
  readings(stream: number, granularity: Granularity, side: 'current' | 'baseline'): ReadIntervals;
  /** What was read at any granularity, joined; of buckets that were open, the part before the as-of. */
  covered(stream: number): Range[];
  /** From the start of the first reading to the end of the last, of either side; undefined before any. */
  span(stream: number): Range | undefined;
  compacted(stream: number): readonly Range[];
  omissions(stream: number): readonly PendingOmission[];
  feed(account: number, feed: string): FeedRow | undefined;
  feedsOf(account: number): FeedRow[];
  requests(account: number): string | undefined;
  /** Net dollars by hour and currency, of the last two days at least. */
  hourlyTotals(stream: number): ReadonlyMap<Instant, ReadonlyMap<string, Fixed>>;
  periodTotals(kind: PeriodKind, start: Instant): ReadonlyMap<number, Fixed>;
  applyCommit(commit: Commit): void;
  /** Reads the store again: what was absorbed did not last. */
  reload(): void;
  /** Lets go of sums that no window at `now` needs; they are read again when a late reading does. */
  evictPeriodTotals(now: Instant): void;
}

const SIDES = ['current', 'baseline'] as const;

/** Reads the store into memory. */
export function openLedgerState(store: Store): LedgerState {
  const accounts = new Map<number, AccountRow>();
  const streams = new Map<number, StreamRow>();
  const series = new Map<number, SeriesRow>();
  const seriesIds = new Map<string, number>();
  const folded = new Map<number, Set<number>>();
  const resources = new Map<string, ResourceRow>();
  const readings = new Map<string, readonly ReadInterval[]>();
  const granularities = new Map<number, Set<Granularity>>();
  const accountIds = new Map<string, number>();
  const streamIds = new Map<number, Map<string, number>>();
  const feeds = new Map<number, Map<string, FeedRow>>();
  const requests = new Map<number, string>();
  const hours = new Map<number, Hours>();
  const silences = new Map<number, readonly PendingOmission[]>();
  const compacted = new Map<number, readonly Range[]>();
  const sums = new Map<string, Map<number, Fixed>>();

  const sumsOf = (kind: PeriodKind, start: Instant) => {
    const key = `${kind} ${start}`;
    const known = sums.get(key) ?? new Map(store.periodTotals(kind, start));
    sums.set(key, known);
    return known;
  };

  const absorb = (commit: Commit) => {
    for (const row of commit.accounts ?? []) {
      accounts.set(row.id, row);
      accountIds.set(`${row.provider}\0${row.name}`, row.id);
    }
    for (const row of commit.streams ?? []) {
      streams.set(row.id, row);
      within(streamIds, row.account).set(row.name, row.id);
    }
    for (const row of commit.series ?? []) {
      series.set(row.id, row);
      seriesIds.set(keyOf(row.stream, row), row.id);
    }
    for (const { stream, digest } of commit.overflowed ?? []) {
      folded.set(stream, (folded.get(stream) ?? new Set()).add(digest));
    }
    for (const row of commit.resources ?? []) resources.set(`${row.account} ${row.resource}`, row);
    for (const { stream, granularity, side, runs } of commit.readings ?? []) {
      readings.set(readingsKey(stream, granularity, side), runs);
      granularities.set(stream, (granularities.get(stream) ?? new Set()).add(granularity));
    }
    for (const row of commit.feeds ?? []) within(feeds, row.account).set(row.feed, row);
    for (const row of commit.requests ?? []) requests.set(row.account, row.state);
    for (const row of commit.hourlyTotals ?? []) setHour(hours, row);
    if (commit.droppedHourlyTotals)
      dropHours(hours.get(commit.droppedHourlyTotals.stream), commit.droppedHourlyTotals.before);
    for (const { stream, rows } of commit.omissions ?? []) silences.set(stream, rows);
    for (const { stream, days } of commit.compacted ?? []) compacted.set(stream, days);
    for (const row of commit.periodTotals ?? []) sumsOf(row.kind, row.start).set(row.series, row.value);
  };

  const reload = () => {
    const stored = store.load();
    for (const map of [accounts, accountIds, streams, streamIds, series, seriesIds, resources]) map.clear();
    for (const map of [folded, readings, granularities, feeds]) map.clear();
    for (const map of [requests, hours, silences, compacted, sums]) map.clear();
    absorb({
      ...stored,
      omissions: [...Map.groupBy(stored.omissions, (row) => row.stream)].map(([stream, rows]) => ({
        stream,
        rows,
      })),
    });
  };
  reload();

  return {
    accounts,
    streams,
    series,
    accountOf: (provider, name) => accounts.get(accountIds.get(`${provider}\0${name}`) ?? 0),
    streamOf: (account, name) => streams.get(streamIds.get(account)?.get(name) ?? 0),
    streamsOf: (account) =>
      [...(streamIds.get(account)?.values() ?? [])].flatMap((id) => streams.get(id) ?? []),
    seriesOf(stream, key) {
      const id = seriesIds.get(keyOf(stream, key));
      return id === undefined ? undefined : series.get(id);
    },
    overflowed: (stream) => folded.get(stream) ?? NONE_FOLDED,
    resource: (account, resource) => resources.get(`${account} ${resource}`),
    readings: (stream, granularity, side) => readings.get(readingsKey(stream, granularity, side)) ?? [],
    covered: (stream) =>
      joinedRanges(
        [...(granularities.get(stream) ?? [])].flatMap(
          (granularity) =>
            readings.get(readingsKey(stream, granularity, 'current'))?.flatMap(knownRanges) ?? [],
        ),
      ),
    span(stream) {
      const runs = [...(granularities.get(stream) ?? [])].flatMap((granularity) =>
        SIDES.flatMap((side) => readings.get(readingsKey(stream, granularity, side)) ?? []),
      );
      const joined = joinedRanges(runs);
      const [first, last] = [joined[0], joined.at(-1)];
      return first && last && { start: first.start, end: last.end };
    },
    compacted: (stream) => compacted.get(stream) ?? [],
    omissions: (stream) => silences.get(stream) ?? [],
    feed: (account, feed) => feeds.get(account)?.get(feed),
    feedsOf: (account) => [...(feeds.get(account)?.values() ?? [])],
    requests: (account) => requests.get(account),
    hourlyTotals: (stream) => hours.get(stream) ?? NO_HOURS,
    periodTotals: sumsOf,
    applyCommit: absorb,
    reload,
    evictPeriodTotals(now) {
      const day = startOfDay(now);
      const needed = new Set([
        `day ${day}`,
        `day ${day - DAY}`,
        `month ${startOfMonth(now)}`,
        `month ${startOfMonth(now, -1)}`,
      ]);
      for (const key of sums.keys()) if (!needed.has(key)) sums.delete(key);
    },
  };
}

function within<Row>(rows: Map<number, Map<string, Row>>, account: number): Map<string, Row> {
  const own = rows.get(account) ?? new Map<string, Row>();
  rows.set(account, own);
  return own;
}

type Hours = Map<Instant, Map<string, Fixed>>;
const NO_HOURS: Hours = new Map();
const NONE_FOLDED: ReadonlySet<number> = new Set();

function setHour(hours: Map<number, Hours>, { stream, hour, currency, value }: HourlyTotalRow): void {
  const known = hours.get(stream) ?? new Map();
  hours.set(stream, known.set(hour, (known.get(hour) ?? new Map()).set(currency, value)));
}

function dropHours(hours: Hours | undefined, before: Instant): void {
  for (const hour of hours?.keys() ?? []) if (hour < before) hours?.delete(hour);
}

/** One text for one list of runs. */
export function readingsKey(stream: number, granularity: Granularity, side: ReadingsRow['side']): string {
  return `${stream} ${granularity} ${side}`;
}
