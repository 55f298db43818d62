import type { Statement } from '../statement/statement.ts';
import { addTo } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { joinRanges } from '../values/ranges.ts';
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
import { firstClosing } from './closing.ts';
import { asOfsOf } from './coverage.ts';
import { deltasBetween } from './deltas.ts';
import { updatePeriodTotals } from './period-totals.ts';
import { type ReadInterval, type ReadIntervals, SIDES } from './readings.ts';
import {
  type AccountRow,
  type Commit,
  type FeedRow,
  present,
  type ReadingsRow,
  type SeriesRow,
  type Store,
  type StreamRow,
} from './records.ts';
import type { AccountSettings, StreamSettings } from './settings.ts';
import { type LedgerState, readingsKey } from './state.ts';
import { composeRange, isComposed, type StreamAmountsInput } from './stream-amounts.ts';

export interface ClockRepairInput {
  readonly store: Pick<Store, 'cells'>;
  readonly state: LedgerState;
  readonly account: AccountRow;
  readonly settings: AccountSettings;
  readonly now: Instant;
}

/** As-ofs of one account are at least a millisecond apart, so the newest may be ahead of the clock. A clock that is set back by less needs no repair. */
const SLACK_MS = MINUTE;

/** Whether a clock that shows `now` could have shown `at` before. */
export function isCredible(at: Instant, now: Instant): boolean {
  return at <= now + SLACK_MS && (at >= FIRST_INSTANT || now < FIRST_INSTANT);
}

/** A statement that was under way while the clock was repaired counts as older than what is read from then on. */
export function creditedStatement(
  statement: Statement,
  repairedAt: Instant | undefined,
  now: Instant,
): Statement {
  if (repairedAt === undefined || isCredible(statement.asOf, now)) return statement;
  return { ...statement, asOf: repairedAt };
}

/**
 * Undoes what a clock that ran ahead, or was not set, did to an account; undefined if there is nothing to undo.
 *
 * Nobody knows when such a reading was made, only that it was after the last credible one. It gets the as-of of that one, so that later
 * buckets are read again; its cells stay until then. First readings still say what the baseline was.
 */
export function buildClockRepair(input: ClockRepairInput): Commit | undefined {
  const { state, account, now } = input;
  const streams = state.streamsOf(account.id);
  const last = lastCredible(input, streams);
  const readings = streams.flatMap((stream) => repairReadings(input, stream, last));
  const feeds = state.feedsOf(account.id).flatMap((row) => repairFeed(row, last, now) ?? []);
  const repaired = streams.flatMap((stream) => repairStream(input, stream) ?? []);
  const omissions = streams.flatMap(({ id }) => repairOmissions(state, id, now) ?? []);
  const rows = [readings, feeds, repaired, omissions];
  if (rows.every(({ length }) => length === 0)) return undefined;
  return { streams: repaired, readings, feeds, omissions, ...moveTotals(input, readings, repaired) };
}

function lastCredible({ state, now }: ClockRepairInput, streams: readonly StreamRow[]): Instant | undefined {
  const asOfs = asOfsOf(state, streams).filter((at) => isCredible(at, now));
  return asOfs.length === 0 ? undefined : asOfs.reduce((last, at) => Math.max(last, at));
}

function repairStream(input: ClockRepairInput, stream: StreamRow): StreamRow | undefined {
  const baseline = repairBaseline(input, stream);
  const reopened = reopen(input, stream);
  return reopened || baseline !== stream.baseline ? { ...stream, ...reopened, baseline } : undefined;
}

/** If the clock was not set, nothing is known of the stream yet: the first reading under a correct clock draws its baseline. */
function repairBaseline(input: ClockRepairInput, stream: StreamRow): Instant | undefined {
  const { baseline } = stream;
  if (baseline === undefined || isCredible(baseline, input.now)) return baseline;
  if (baseline > input.now) return input.now - 1;
  return lastCredible(input, [stream]) === undefined ? undefined : baseline;
}

function repairReadings({ state, now }: ClockRepairInput, stream: StreamRow, last?: Instant): ReadingsRow[] {
  return GRANULARITIES.flatMap((granularity) =>
    SIDES.flatMap((side) => {
      const before = state.readings(stream.id, granularity, side);
      if (before.every(({ asOf }) => isCredible(asOf, now))) return [];
      const size = sizeOf(granularity);
      const redate = (reading: ReadInterval) =>
        side === 'current' ? redateTo(reading, last, size) : redateFirst(reading, stream.baseline, now);
      const intervals = before.flatMap((reading) =>
        isCredible(reading.asOf, now) ? reading : (redate(reading) ?? []),
      );
      return { stream: stream.id, granularity, side, intervals };
    }),
  );
}

/** What a reading of the last credible as-of could know; undefined where that is nothing. */
function redateTo(
  { start, end }: ReadInterval,
  asOf: Instant | undefined,
  size: number,
): ReadInterval | undefined {
  if (asOf === undefined || asOf <= start) return undefined;
  return { start, end: Math.min(end, ceilTo(size, asOf)), asOf };
}

/** The reading that the baseline was drawn by stays that one. */
function redateFirst(
  reading: ReadInterval,
  baseline: Instant | undefined,
  now: Instant,
): ReadInterval | undefined {
  if (reading.asOf < now) return undefined;
  return { ...reading, asOf: reading.asOf === baseline ? now - 1 : now };
}

/** A feed's state may contain what was settled under the wrong clock. It is only a short cut, so it can be dropped. */
function repairFeed(row: FeedRow, last: Instant | undefined, now: Instant): FeedRow | undefined {
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
    read: joinRanges(read),
    lastSuccess: isLate ? last : row.lastSuccess,
    state: isFar ? undefined : row.state,
  };
}

/** Undoes a closing that dropped no cells: it was drawn when the stream began, under the same clock as the baseline. */
function reopen(
  { settings, now }: ClockRepairInput,
  stream: StreamRow,
): Pick<StreamRow, 'closedBefore' | 'closedIn'> | undefined {
  const streamSettings = settings.streams.find(({ name }) => name === stream.name);
  const isWrong = stream.closedIn > now || !isCredible(stream.closedIn, now);
  if (!isWrong || !streamSettings || stream.baseline === undefined) return undefined;
  if (stream.closedIn !== startOfMonth(stream.baseline)) return undefined;
  return firstClosing(settings, streamSettings, now);
}

function repairOmissions(state: LedgerState, stream: number, now: Instant) {
  const rows = state.omissions(stream);
  if (rows.every(({ since }) => since <= now + SLACK_MS)) return undefined;
  return { stream, rows: rows.map((row) => ({ ...row, since: Math.min(row.since, now) })) };
}

/** With several granularities, the composed value depends on when each was read. */
function moveTotals(
  input: ClockRepairInput,
  readings: readonly ReadingsRow[],
  streams: readonly StreamRow[],
): Pick<Commit, 'periodTotals' | 'series'> {
  const { state, settings } = input;
  const intervals = new Map<string, ReadIntervals>(
    readings.map((row) => [readingsKey(row.stream, row.granularity, row.side), row.intervals]),
  );
  const after = {
    readings: (...key: Parameters<typeof readingsKey>) =>
      intervals.get(readingsKey(...key)) ?? state.readings(...key),
  };
  const repaired = new Map(streams.map((stream) => [stream.id, stream]));
  const deltas = [...new Set([...readings.map(({ stream }) => stream), ...repaired.keys()])].flatMap((id) => {
    const stream = present(state.streams.get(id), `stream ${id}`);
    const streamSettings = settings.streams.find(({ name }) => name === stream.name);
    if (!streamSettings || !isComposed(streamSettings)) return [];
    const whole = { store: input.store, settings: streamSettings };
    const was = { ...whole, state, stream };
    return deltasOfStream(input, was, { ...whole, state: after, stream: repaired.get(id) ?? stream });
  });
  const row = (id: number) => present(state.series.get(id), `series ${id}`);
  return { periodTotals: updatePeriodTotals(state, deltas, row), series: moveCounters(deltas, row) };
}

function deltasOfStream(
  input: ClockRepairInput,
  before: StreamAmountsInput,
  after: StreamAmountsInput,
): Delta[] {
  return daysWithCells(input, before.stream, before.settings).flatMap((start) => {
    const day = { start, end: start + DAY };
    return deltasBetween(start, composeRange(before, day), composeRange(after, day));
  });
}

/** Days with cells that are not closed. */
function daysWithCells(
  { store, state }: Pick<ClockRepairInput, 'store' | 'state'>,
  { id, closedBefore }: StreamRow,
  { granularities }: StreamSettings,
): Instant[] {
  const end = state.span(id)?.end;
  if (end === undefined) return [];
  const buckets = granularities.flatMap((each) => [
    ...store.cells(id, each, { start: closedBefore, end }).keys(),
  ]);
  return [...new Set(buckets.map((bucket) => floorTo(DAY, bucket)))];
}

function moveCounters(deltas: readonly Delta[], row: (id: number) => SeriesRow): SeriesRow[] {
  const nets = new Map<number, Fixed>();
  for (const { series, net } of deltas) addTo(nets, row(series).target, net);
  return [...nets].map(([id, net]) => {
    const { total, corrections, ...known } = row(id);
    return net >= 0n
      ? { ...known, total: total + net, corrections }
      : { ...known, total, corrections: corrections - net };
  });
}
