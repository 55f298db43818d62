import type { Fixed } from '../values/money.ts';
import { joinedRanges } from '../values/ranges.ts';
import {
  ceilTo,
  DAY,
  FIRST_INSTANT,
  floorTo,
  GRANULARITIES,
  HOUR,
  type Instant,
  MINUTE,
  type Range,
  sizeOf,
  startOfMonth,
} from '../values/time.ts';
import type { Delta } from './cell.ts';
import { composedDay, firstClosing } from './compaction.ts';
import { updatePeriodTotals } from './period-totals.ts';
import type { ReadInterval, ReadIntervals } from './readings.ts';
import type { AccountRow, Commit, FeedRow, ReadingsRow, SeriesRow, Store, StreamRow } from './records.ts';
import type { AccountSettings, StreamSettings } from './settings.ts';
import { type LedgerState, readingsKey } from './state.ts';

export interface ClockRepairInput {
  readonly store: Pick<Store, 'cells'>;
  readonly book: LedgerState;
  readonly account: AccountRow;
  readonly settings: AccountSettings;
  readonly now: Instant;
}

/** As-ofs of one account are at least a millisecond apart, so that the newest may run ahead; order is kept where it is set back by less. */
const SLACK_MS = MINUTE;

/** Whether a clock that shows `now` could have shown `at` before. */
export function isCredible(at: Instant, now: Instant): boolean {
  return at <= now + SLACK_MS && (at >= FIRST_INSTANT || now < FIRST_INSTANT);
}

/**
 * Takes back what an account owes to a clock that ran ahead or was not set at all; undefined where there is nothing of the kind.
 *
 * When such a reading was made is not known, only that it was after the last credible one: it counts as one of then, so that what lies
 * behind is read again. Its cells stay until they are. First readings go on to say what the baseline held.
 */
export function buildClockRepair(input: ClockRepairInput): Commit | undefined {
  const { book, account, now } = input;
  const streams = book.streamsOf(account.id);
  const last = lastCredible(input, streams);
  const readings = streams.flatMap((stream) => readingsOf(input, stream, last));
  const feeds = book.feedsOf(account.id).flatMap((row) => feedOf(row, last, now) ?? []);
  const closings = streams.flatMap((stream) => reopened(input, stream) ?? []);
  const omissions = streams.flatMap(({ id }) => omissionsBefore(book, id, now) ?? []);
  const baseline = baselineOf(account, last, now);
  const rows = [readings, feeds, closings, omissions];
  if (baseline === account.baseline && rows.every(({ length }) => length === 0)) return undefined;
  const accounts = [{ ...account, baseline }];
  return { accounts, streams: closings, readings, feeds, omissions, ...moved(input, readings, baseline) };
}

function lastCredible({ book, now }: ClockRepairInput, streams: readonly StreamRow[]): Instant | undefined {
  const asOfs = streams.flatMap(({ id }) =>
    GRANULARITIES.flatMap((granularity) => book.readings(id, granularity, 'current').map(({ asOf }) => asOf)),
  );
  const last = asOfs.reduce((most, at) => (isCredible(at, now) ? Math.max(most, at) : most), -Infinity);
  return last === -Infinity ? undefined : last;
}

/** Where the clock was not set, nothing is known of the account yet: the first reading under a right one draws its baseline. */
function baselineOf({ baseline }: AccountRow, last: Instant | undefined, now: Instant): Instant | undefined {
  if (baseline === undefined || isCredible(baseline, now)) return baseline;
  if (baseline > now) return now - 1;
  return last === undefined ? undefined : baseline;
}

function readingsOf(
  { book, account, now }: ClockRepairInput,
  stream: StreamRow,
  last?: Instant,
): ReadingsRow[] {
  return GRANULARITIES.flatMap((granularity) =>
    (['current', 'baseline'] as const).flatMap((side) => {
      const before = book.readings(stream.id, granularity, side);
      if (before.every(({ asOf }) => isCredible(asOf, now))) return [];
      const size = sizeOf(granularity);
      const redated = (run: ReadInterval) =>
        side === 'current' ? asOfThen(run, last, size) : firstOf(run, account.baseline, now);
      const runs = before.flatMap((run) => (isCredible(run.asOf, now) ? run : (redated(run) ?? [])));
      return { stream: stream.id, granularity, side, runs };
    }),
  );
}

/** What a reading of the last credible as-of could know; undefined where that is nothing. */
function asOfThen(
  { start, end }: ReadInterval,
  asOf: Instant | undefined,
  size: number,
): ReadInterval | undefined {
  if (asOf === undefined || asOf <= start) return undefined;
  return { start, end: Math.min(end, ceilTo(size, asOf)), asOf };
}

/** The reading that the baseline was drawn by stays that one. */
function firstOf(run: ReadInterval, baseline: Instant | undefined, now: Instant): ReadInterval | undefined {
  if (run.asOf < now) return undefined;
  return { ...run, asOf: run.asOf === baseline ? now - 1 : now };
}

/** A memo may hold what was settled under the wrong clock; nothing in one is more than a short cut. */
function feedOf(row: FeedRow, last: Instant | undefined, now: Instant): FeedRow | undefined {
  const { lastSuccess = -Infinity } = row;
  const isRead = ({ start, end }: Range) => end <= now + SLACK_MS && isCredible(start, now);
  const isLate = lastSuccess > now + SLACK_MS || (lastSuccess < FIRST_INSTANT && now >= FIRST_INSTANT);
  if ((!isLate || row.lastSuccess === undefined) && row.read.every(isRead)) return undefined;
  const isFar = !isCredible(Math.max(lastSuccess, row.read.at(-1)?.end ?? -Infinity) - HOUR, now);
  const read = row.read.flatMap((range) => {
    if (isRead(range)) return range;
    return last !== undefined && range.start < last ? { start: range.start, end: last } : [];
  });
  return {
    ...row,
    read: joinedRanges(read),
    lastSuccess: isLate ? last : row.lastSuccess,
    state: isFar ? undefined : row.state,
  };
}

/** A closing that no cell was lost by: it was drawn when the stream began, under the same clock as the baseline. */
function reopened({ account, settings, now }: ClockRepairInput, stream: StreamRow): StreamRow | undefined {
  const streamSettings = settings.streams.find(({ name }) => name === stream.name);
  const isWrong = stream.closedIn > now || !isCredible(stream.closedIn, now);
  if (!isWrong || !streamSettings || account.baseline === undefined) return undefined;
  if (stream.closedIn !== startOfMonth(account.baseline)) return undefined;
  return { ...stream, ...firstClosing(settings, streamSettings, now) };
}

function omissionsBefore(book: LedgerState, stream: number, now: Instant) {
  const rows = book.omissions(stream);
  if (rows.every(({ since }) => since <= now + SLACK_MS)) return undefined;
  return { stream, rows: rows.map((row) => ({ ...row, since: Math.min(row.since, now) })) };
}

/** Where one truth is read at several granularities, what is believed depends on when it was read. */
function moved(input: ClockRepairInput, readings: readonly ReadingsRow[], baseline: Instant | undefined) {
  const { book, account, settings } = input;
  const runs = new Map<string, ReadIntervals>(
    readings.map((row) => [readingsKey(row.stream, row.granularity, row.side), row.runs]),
  );
  const after: LedgerState = {
    ...book,
    accounts: new Map(book.accounts).set(account.id, { ...account, baseline }),
    readings: (...key) => runs.get(readingsKey(...key)) ?? book.readings(...key),
  };
  const deltas = [...new Set(readings.map(({ stream }) => stream))].flatMap((id) => {
    const stream = book.streams.get(id);
    const own = settings.streams.find(({ name }) => name === stream?.name);
    if (!stream || !own || own.granularities.length === 1) return [];
    return daysOf(input, stream, own).flatMap((day) =>
      deltasOf(input, { stream, settings: own, after }, day),
    );
  });
  const row = (id: number): SeriesRow => {
    const known = book.series.get(id);
    if (!known) throw new Error(`series ${id} is not known to the ledger`);
    return known;
  };
  return { periodTotals: updatePeriodTotals(book, deltas, row), series: countersOf(deltas, row) };
}

/** Days with cells that are not closed. */
function daysOf({ store, book }: ClockRepairInput, stream: StreamRow, settings: StreamSettings): Instant[] {
  const runs = settings.granularities.flatMap((granularity) =>
    (['current', 'baseline'] as const).flatMap((side) => book.readings(stream.id, granularity, side)),
  );
  if (runs.length === 0) return [];
  const range = { start: stream.closedBefore, end: Math.max(...runs.map(({ end }) => end)) };
  const buckets = settings.granularities.flatMap((each) => [...store.cells(stream.id, each, range).keys()]);
  return [...new Set(buckets.map((bucket) => floorTo(DAY, bucket)))];
}

interface After {
  readonly stream: StreamRow;
  readonly settings: StreamSettings;
  readonly after: LedgerState;
}

function deltasOf(
  { store, book }: ClockRepairInput,
  { stream, settings, after }: After,
  bucket: Instant,
): Delta[] {
  const was = composedDay({ store, book, stream, settings }, bucket);
  const is = composedDay({ store, book: after, stream, settings }, bucket);
  const all = [was.value, was.baseline, is.value, is.baseline].flatMap((amounts) => [...amounts.keys()]);
  return [...new Set(all)].flatMap((series) => {
    const value = (is.value.get(series) ?? 0n) - (was.value.get(series) ?? 0n);
    const net = value - (is.baseline.get(series) ?? 0n) + (was.baseline.get(series) ?? 0n);
    return value === 0n && net === 0n ? [] : { series, bucket, value, net };
  });
}

function countersOf(deltas: readonly Delta[], row: (id: number) => SeriesRow): SeriesRow[] {
  const nets = new Map<number, Fixed[]>();
  for (const { series, net } of deltas) {
    const { target } = row(series);
    nets.set(target, [...(nets.get(target) ?? []), net]);
  }
  return [...nets].map(([id, all]) => {
    const sum = all.reduce((total, net) => total + net, 0n);
    const known = row(id);
    return sum >= 0n
      ? { ...known, total: known.total + sum }
      : { ...known, corrections: known.corrections - sum };
  });
}
