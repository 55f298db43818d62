import type { SeriesKey } from '../statement/series.ts';
import { getOrCreate } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { joinRanges } from '../values/ranges.ts';
import { DAY, type Granularity, type Instant, type Range, startOfDay, startOfMonth } from '../values/time.ts';
import type { PackedAmounts } from './packed-amounts.ts';
import { knownRanges, type ReadIntervals, SIDES, type Side } from './readings.ts';
import type {
  AccountRow,
  Commit,
  FeedRow,
  HourlyTotalRow,
  PendingOmission,
  PeriodKind,
  ResourceRow,
  SeriesRow,
  Store,
  StreamRow,
} from './records.ts';
import { keyOf, overflowDigest } from './series-key.ts';

type HourlyTotals = Map<Instant, Map<string, Fixed>>;

/** The rows in memory, found by what they are asked for. Only {@link LedgerState.applyCommit} changes them, after a commit. */
export class LedgerState {
  readonly #store: Pick<Store, 'load' | 'periodTotals'>;
  #rows = emptyRows();

  /** Reads the store into memory. */
  constructor(store: Pick<Store, 'load' | 'periodTotals'>) {
    this.#store = store;
    this.reload();
  }

  get accounts(): ReadonlyMap<number, AccountRow> {
    return this.#rows.accounts;
  }

  get streams(): ReadonlyMap<number, StreamRow> {
    return this.#rows.streams;
  }

  get series(): ReadonlyMap<number, SeriesRow> {
    return this.#rows.series;
  }

  accountOf(provider: string, name: string): AccountRow | undefined {
    return this.accounts.get(this.#rows.accountIds.get(`${provider}\0${name}`) ?? 0);
  }

  streamOf(account: number, name: string): StreamRow | undefined {
    return this.streams.get(this.#rows.streamIds.get(account)?.get(name) ?? 0);
  }

  streamsOf(account: number): StreamRow[] {
    const ids = this.#rows.streamIds.get(account)?.values() ?? [];
    return [...ids].flatMap((id) => this.streams.get(id) ?? []);
  }

  seriesOf(stream: number, key: SeriesKey): SeriesRow | undefined {
    const id = this.#rows.seriesIds.get(keyOf(stream, key));
    return id === undefined ? undefined : this.series.get(id);
  }

  /** Digests of the label sets of a stream that share the overflow series. */
  overflowed(stream: number): ReadonlySet<number> {
    return this.#rows.overflowed.get(stream) ?? NONE_OVERFLOWED;
  }

  /** Whether the ledger has met a label set of a stream, overflowed or not. */
  hasLabelSet(stream: number, key: SeriesKey): boolean {
    return this.seriesOf(stream, key) !== undefined || this.overflowed(stream).has(overflowDigest(key));
  }

  resource(account: number, resource: string): ResourceRow | undefined {
    return this.#rows.resources.get(`${account} ${resource}`);
  }

  /** In the order in which they were first seen. */
  resources(): Iterable<ResourceRow> {
    return this.#rows.resources.values();
  }

  readings(stream: number, granularity: Granularity, side: Side): ReadIntervals {
    return this.#rows.readings.get(readingsKey(stream, granularity, side)) ?? [];
  }

  /** What was read at any granularity, joined; of buckets that were open, the part before the as-of. */
  covered(stream: number): Range[] {
    return joinRanges(this.#allReadings(stream, ['current']).flatMap(knownRanges));
  }

  /** From the start of the first reading to the end of the last, of either side; undefined before any. */
  span(stream: number): Range | undefined {
    const joined = joinRanges(this.#allReadings(stream, SIDES));
    const [first, last] = [joined[0], joined.at(-1)];
    return first && last && { start: first.start, end: last.end };
  }

  compacted(stream: number): readonly Range[] {
    return this.#rows.compacted.get(stream) ?? [];
  }

  omissions(stream: number): readonly PendingOmission[] {
    return this.#rows.omissions.get(stream) ?? [];
  }

  feed(account: number, feed: string): FeedRow | undefined {
    return this.#rows.feeds.get(account)?.get(feed);
  }

  feedsOf(account: number): FeedRow[] {
    return [...(this.#rows.feeds.get(account)?.values() ?? [])];
  }

  requests(account: number): string | undefined {
    return this.#rows.requests.get(account);
  }

  /** Net dollars by hour and currency, of the last two days at least. */
  hourlyTotals(stream: number): ReadonlyMap<Instant, ReadonlyMap<string, Fixed>> {
    return this.#rows.hourlyTotals.get(stream) ?? NO_HOURS;
  }

  periodTotals(kind: PeriodKind, start: Instant): ReadonlyMap<number, Fixed> {
    return this.#periodTotals(kind, start);
  }

  /** The same, but what is not in memory is not kept there: for questions about months of days. */
  peekPeriodTotals(kind: PeriodKind, start: Instant): ReadonlyMap<number, Fixed> | PackedAmounts {
    return this.#rows.periodTotals.get(periodKey(kind, start)) ?? this.#store.periodTotals(kind, start);
  }

  /** Evicts totals that no window at `now` needs. A late reading loads them again. */
  evictPeriodTotals(now: Instant): void {
    const day = startOfDay(now);
    const needed = new Set([
      periodKey('day', day),
      periodKey('day', day - DAY),
      periodKey('month', startOfMonth(now)),
      periodKey('month', startOfMonth(now, -1)),
    ]);
    const { periodTotals } = this.#rows;
    for (const key of periodTotals.keys()) if (!needed.has(key)) periodTotals.delete(key);
  }

  /** Reads the store again: commits that were applied did not last. */
  reload(): void {
    const stored = this.#store.load();
    this.#rows = emptyRows();
    const omissions = Map.groupBy(stored.omissions, ({ stream }) => stream);
    this.applyCommit({ ...stored, omissions: [...omissions].map(([stream, rows]) => ({ stream, rows })) });
  }

  applyCommit(commit: Commit): void {
    this.#applyLabels(commit);
    const rows = this.#rows;
    for (const { stream, granularity, side, intervals } of commit.readings ?? []) {
      rows.readings.set(readingsKey(stream, granularity, side), intervals);
      getOrCreate(rows.granularities, stream, () => new Set()).add(granularity);
    }
    for (const row of commit.feeds ?? [])
      getOrCreate(rows.feeds, row.account, () => new Map()).set(row.feed, row);
    for (const row of commit.requests ?? []) rows.requests.set(row.account, row.state);
    for (const { stream, rows: open } of commit.omissions ?? []) rows.omissions.set(stream, open);
    for (const { stream, days } of commit.compacted ?? []) rows.compacted.set(stream, days);
    for (const row of commit.hourlyTotals ?? []) setHourlyTotal(rows.hourlyTotals, row);
    if (commit.droppedHourlyTotals) {
      const { stream, before } = commit.droppedHourlyTotals;
      dropHours(rows.hourlyTotals.get(stream), before);
    }
    for (const { kind, start, series, value } of commit.periodTotals ?? [])
      this.#periodTotals(kind, start).set(series, value);
  }

  #applyLabels(commit: Commit): void {
    const rows = this.#rows;
    for (const row of commit.accounts ?? []) {
      rows.accounts.set(row.id, row);
      rows.accountIds.set(`${row.provider}\0${row.name}`, row.id);
    }
    for (const row of commit.streams ?? []) {
      rows.streams.set(row.id, row);
      getOrCreate(rows.streamIds, row.account, () => new Map()).set(row.name, row.id);
    }
    for (const row of commit.series ?? []) {
      rows.series.set(row.id, row);
      rows.seriesIds.set(keyOf(row.stream, row), row.id);
    }
    for (const { stream, digest } of commit.overflowed ?? [])
      getOrCreate(rows.overflowed, stream, () => new Set()).add(digest);
    for (const row of commit.resources ?? []) rows.resources.set(`${row.account} ${row.resource}`, row);
  }

  #allReadings(stream: number, sides: readonly Side[]) {
    return [...(this.#rows.granularities.get(stream) ?? [])].flatMap((granularity) =>
      sides.flatMap((side) => this.readings(stream, granularity, side)),
    );
  }

  #periodTotals(kind: PeriodKind, start: Instant): Map<number, Fixed> {
    return getOrCreate(
      this.#rows.periodTotals,
      periodKey(kind, start),
      () => new Map(this.#store.periodTotals(kind, start)),
    );
  }
}

function emptyRows() {
  return {
    accounts: new Map<number, AccountRow>(),
    accountIds: new Map<string, number>(),
    streams: new Map<number, StreamRow>(),
    streamIds: new Map<number, Map<string, number>>(),
    series: new Map<number, SeriesRow>(),
    seriesIds: new Map<string, number>(),
    overflowed: new Map<number, Set<number>>(),
    resources: new Map<string, ResourceRow>(),
    readings: new Map<string, ReadIntervals>(),
    granularities: new Map<number, Set<Granularity>>(),
    feeds: new Map<number, Map<string, FeedRow>>(),
    requests: new Map<number, string>(),
    hourlyTotals: new Map<number, HourlyTotals>(),
    omissions: new Map<number, readonly PendingOmission[]>(),
    compacted: new Map<number, readonly Range[]>(),
    periodTotals: new Map<string, Map<number, Fixed>>(),
  };
}

const NO_HOURS: ReturnType<LedgerState['hourlyTotals']> = new Map();
const NONE_OVERFLOWED: ReadonlySet<number> = new Set();

function setHourlyTotal(totals: Map<number, HourlyTotals>, row: HourlyTotalRow): void {
  const hours = getOrCreate(totals, row.stream, () => new Map());
  getOrCreate(hours, row.hour, () => new Map()).set(row.currency, row.value);
}

function dropHours(hours: HourlyTotals | undefined, before: Instant): void {
  for (const hour of hours?.keys() ?? []) if (hour < before) hours?.delete(hour);
}

function periodKey(kind: PeriodKind, start: Instant): string {
  return `${kind} ${start}`;
}

/** One text per list of readings. */
export function readingsKey(stream: number, granularity: Granularity, side: Side): string {
  return `${stream} ${granularity} ${side}`;
}
