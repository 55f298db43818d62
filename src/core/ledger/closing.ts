import { addTo } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { joinRanges } from '../values/ranges.ts';
import { bucketsIn, DAY, floorTo, type Instant, type Range, startOfMonth } from '../values/time.ts';
import { type ReadInterval, readingsOutside, readingsWithin, SIDES } from './readings.ts';
import type { ArchivedDay, Commit, ReadingsRow, SeriesRow, Store, StreamRow } from './records.ts';
import type { AccountSettings, StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';
import { amountsIn, storedGranularities } from './stream-amounts.ts';

export interface ClosingInput {
  readonly store: Pick<Store, 'peekCells'>;
  readonly state: LedgerState;
  readonly stream: StreamRow;
  readonly settings: StreamSettings;
  readonly historyMonths: number;
  readonly now: Instant;
}

/** Months before the current one of which the days are kept: for the same month of the year before, and the one before that. */
export const HISTORY_MONTHS = 25;

/** Amounts that are archived in one commit: a fraction of a second. */
const MAX_AMOUNTS = 10_000;

/** A stream begins with everything open that its first read may reach. */
export function firstClosing(
  settings: AccountSettings,
  stream: StreamSettings,
  now: Instant,
): Pick<StreamRow, 'closedBefore' | 'closedIn'> {
  const lastMonth = startOfMonth(now, -1);
  const closedBefore = Math.min(lastMonth, settings.since ?? lastMonth, floorTo(DAY, now - stream.reachMs));
  return { closedBefore, closedIn: startOfMonth(now) };
}

/**
 * Once a month has begun, archives the days that are closed by then, rolls them up into their series, and drops their cells. A day counts
 * as archived once the last commit, which closes it, is stored. `undefined` is a pause: statements may be applied meanwhile, and if one
 * reads a day to be closed, nothing is closed this time.
 */
export function* closeDays(
  { stream: opened, ...input }: ClosingInput,
  maxAmounts = MAX_AMOUNTS,
): Generator<Commit | undefined> {
  const { settings, now, historyMonths } = input;
  const stream = { ...opened, archivedFrom: archivedFrom(opened, startOfMonth(now, -historyMonths)) };
  if (opened.archivedFrom !== undefined && opened.archivedFrom < stream.archivedFrom)
    yield { streams: [stream], droppedArchive: { stream: stream.id, before: stream.archivedFrom } };
  const closedIn = startOfMonth(now);
  const closedBefore = Math.min(startOfMonth(now, -1), floorTo(DAY, now - settings.reachMs));
  if (closedIn <= stream.closedIn || closedBefore <= stream.closedBefore) return;
  const closed = { ...stream, closedBefore, closedIn };
  const rolled = new Map<number, Fixed>();
  const newest = () => newestReading(input, stream.id, closedBefore);
  const before = newest();
  let archived: ArchivedDay[] = [];
  let count = 0;
  for (const day of daysToClose(input.state, stream, closedBefore)) {
    yield undefined;
    const amounts = rollUp({ ...input, stream }, day, rolled);
    if (day < stream.archivedFrom) continue;
    archived.push({ stream: stream.id, day, amounts });
    count += amounts.size;
    if (count < maxAmounts) continue;
    yield { archived };
    [archived, count] = [[], 0];
  }
  if (newest() !== before) return;
  yield { ...closingOf(input, closed), series: withRolled(input.state, rolled), archived };
}

/** The newest reading of any day before `end`: a statement that changes one of them is newer. */
function newestReading(
  { state, settings }: Pick<ClosingInput, 'state' | 'settings'>,
  stream: number,
  end: Instant,
) {
  const range = { start: Number.NEGATIVE_INFINITY, end };
  const readings = storedGranularities(settings).flatMap((granularity) =>
    readingsWithin(state.readings(stream, granularity, 'current'), range),
  );
  return Math.max(...readings.map(({ asOf }) => asOf));
}

function archivedFrom({ archivedFrom, closedBefore }: StreamRow, keptFrom: Instant): Instant {
  return Math.max(archivedFrom ?? closedBefore, keptFrom);
}

/** Also days that nothing was read of: one that is missing in the archive is a damaged one. */
function daysToClose(state: LedgerState, { id, closedBefore }: StreamRow, end: Instant): Instant[] {
  const span = state.span(id);
  return span ? bucketsIn(DAY, { start: floorTo(DAY, Math.max(span.start, closedBefore)), end }) : [];
}

/** Adds what the cells of a day move the counters by to `rolled`. Returns the amounts of the day. */
function rollUp({ store, ...input }: ClosingInput, start: Instant, rolled: Map<number, Fixed>) {
  const target = (id: number) => input.state.series.get(id)?.target ?? id;
  const { value, baseline } = amountsIn(
    { ...input, store: { cells: store.peekCells } },
    { start, end: start + DAY },
  );
  const amounts = new Map<number, Fixed>();
  for (const [id, amount] of value) if (amount !== 0n) addTo(amounts, target(id), amount);
  for (const [id, amount] of amounts) addTo(rolled, id, amount);
  for (const [id, amount] of baseline) addTo(rolled, target(id), -amount);
  return amounts;
}

function withRolled(state: LedgerState, rolled: ReadonlyMap<number, Fixed>): SeriesRow[] {
  return [...rolled].flatMap(([id, net]) => {
    const row = state.series.get(id);
    return row && net !== 0n ? [{ ...row, rolled: row.rolled + net }] : [];
  });
}

/** Drops the detail of what is closed. */
function closingOf({ state, settings }: Pick<ClosingInput, 'state' | 'settings'>, closed: StreamRow): Commit {
  const { id: stream, closedBefore } = closed;
  const range = { start: 0, end: closedBefore };
  const granularities = storedGranularities(settings);
  const days = state.compacted(stream).filter(({ end }) => end > closedBefore);
  return {
    streams: [closed],
    dropped: granularities.map((granularity) => ({ stream, granularity, range })),
    readings: granularities.flatMap((granularity) =>
      SIDES.map((side): ReadingsRow => {
        const before = state.readings(stream, granularity, side);
        const intervals = side === 'current' ? coalesce(before, range) : readingsOutside(before, range);
        return { stream, granularity, side, intervals };
      }),
    ),
    compacted: [{ stream, days }],
  };
}

/** Keeps how far back was read, without the detail of when, except for readings that do not know all of their range. */
function coalesce(intervals: readonly ReadInterval[], range: Range): ReadInterval[] {
  const old = readingsWithin(intervals, range);
  const asOf = Math.max(...old.map((interval) => interval.asOf));
  const [whole, partial] = [old.filter(isWhole), old.filter((interval) => !isWhole(interval))];
  const known = [...joinRanges(whole).map((each) => ({ ...each, asOf })), ...partial];
  return [...known.sort((a, b) => a.start - b.start), ...readingsOutside(intervals, range)];
}

function isWhole({ end, asOf }: ReadInterval): boolean {
  return asOf >= end;
}
