import { gapsIn, joinRanges } from '../values/ranges.ts';
import { bucketsIn, DAY, floorTo, type Granularity, type Instant, type Range } from '../values/time.ts';
import { closeDays } from './closing.ts';
import { firstHour, hasHourlyTotals } from './hourly-totals.ts';
import {
  asOfAt,
  earliestWins,
  latestWins,
  overlay,
  readingsOutside,
  readingsWithin,
  SIDES,
} from './readings.ts';
import type { CellRow, Commit, ReadingsRow, Store, StreamRow } from './records.ts';
import type { AccountSettings, StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';
import { amountsIn, isComposed } from './stream-amounts.ts';

export interface MaintainInput {
  readonly store: Store;
  readonly state: LedgerState;
  /** Accounts that are configured: others stay as they are. */
  readonly accounts: ReadonlyMap<number, AccountSettings>;
  /** Months before the current one of which the days are kept. */
  readonly historyMonths: number;
  readonly now: Instant;
}

interface StreamInput extends Omit<MaintainInput, 'accounts'> {
  readonly stream: StreamRow;
  readonly settings: StreamSettings;
}

/** A day whose buckets were all read, though not all of them late enough to be final, is compacted this long after it settled. */
const MAX_WAIT_MS = 7 * DAY;

/**
 * Keeps the ledger bounded: settled days become one cell per series, and what is closed rolls up into the series' totals.
 * Sums and counters stay as they are. Lazily in short commits; statements may be applied between two steps. `undefined` is a pause.
 */
export function* maintain({ accounts, ...input }: MaintainInput): Generator<Commit | undefined> {
  const configured = [...input.state.streams.values()].flatMap((stream) => {
    const settings = accounts.get(stream.account)?.streams.find(({ name }) => name === stream.name);
    return settings ? [{ stream, settings }] : [];
  });
  const closedByAll = () =>
    Math.min(...configured.map(({ stream: { id } }) => input.state.streams.get(id)?.closedBefore ?? 0));
  const before = closedByAll();
  for (const each of configured) yield* maintainStream({ ...input, ...each });
  // A late statement about a day that one stream has closed may still change it for another.
  if (closedByAll() > before) yield { droppedPeriodTotals: { kind: 'day', before: closedByAll() } };
}

function* maintainStream(input: StreamInput): Generator<Commit | undefined> {
  const { stream, settings, now } = input;
  if (hasHourlyTotals(settings))
    yield { droppedHourlyTotals: { stream: stream.id, before: firstHour(now, settings) } };
  if (settings.granularities[0] !== 'day') {
    for (const day of compactableDays(input)) yield compactDay(input, day);
  }
  yield* closeDays(input);
}

/** Whole days that no feed reads again at a finer granularity. */
function compactableDays(input: StreamInput): Range[] {
  const { state, stream, settings, now } = input;
  const end = floorTo(DAY, now - settings.settleMs - DAY);
  const covered = state.covered(stream.id);
  const first = Math.max(floorTo(DAY, covered[0]?.start ?? end), stream.closedBefore);
  return gapsIn(state.compacted(stream.id), { start: Math.min(first, end), end })
    .flatMap((gap) => bucketsIn(DAY, gap))
    .map((start) => ({ start, end: start + DAY }))
    .filter((day) => gapsIn(covered, day).length === 0 && isFinal(input, day));
}

function isFinal({ state, stream, settings, now }: StreamInput, day: Range): boolean {
  const { granularities, settleMs } = settings;
  if (isComposed(settings)) {
    const asOf = asOfAt(state.readings(stream.id, 'day', 'current'), day.start);
    return asOf !== undefined && asOf > day.end + settleMs;
  }
  if (now >= day.end + settleMs + MAX_WAIT_MS) return true;
  return readingsWithin(state.readings(stream.id, granularities[0], 'current'), day).every(
    ({ end, asOf }) => asOf >= end + settleMs,
  );
}

/** Makes one cell per series of a day. */
function compactDay(input: StreamInput, day: Range): Commit {
  const { state, stream, settings } = input;
  const finer = settings.granularities.filter((granularity) => granularity !== 'day');
  return {
    cells: dayCells(input, day),
    dropped: finer.map((granularity) => ({ stream: stream.id, granularity, range: day })),
    readings: isComposed(settings)
      ? dropReadings(input, finer, day)
      : mergeReadings(input, settings.granularities[0], day),
    compacted: [{ stream: stream.id, days: joinRanges([...state.compacted(stream.id), day]) }],
  };
}

function dayCells(input: StreamInput, day: Range): CellRow[] {
  const { store, stream } = input;
  const { value, baseline } = amountsIn(input, day);
  // Series that only the day's own reading had, and that the composed day does not, become 0.
  const stored = store.cells(stream.id, 'day', day).get(day.start)?.keys() ?? [];
  return [...new Set([...value.keys(), ...baseline.keys(), ...stored])].map((series) => ({
    stream: stream.id,
    granularity: 'day',
    bucket: day.start,
    series,
    value: value.get(series) ?? 0n,
    baseline: baseline.get(series) ?? 0n,
  }));
}

/** The day's finer readings go; what they said of the baseline stays as a reading of the day. */
function dropReadings(
  { state, stream }: StreamInput,
  finer: readonly Granularity[],
  day: Range,
): ReadingsRow[] {
  const rows = finer.flatMap((granularity) =>
    SIDES.map((side): ReadingsRow => {
      const intervals = readingsOutside(state.readings(stream.id, granularity, side), day);
      return { stream: stream.id, granularity, side, intervals };
    }),
  );
  const first = finer.flatMap((each) => readingsWithin(state.readings(stream.id, each, 'baseline'), day));
  const baseline = state.readings(stream.id, 'day', 'baseline');
  if (first.length === 0 || asOfAt(baseline, day.start) !== undefined) return rows;
  const asOf = Math.min(...first.map((reading) => reading.asOf));
  const { intervals } = overlay(baseline, { ...day, asOf }, earliestWins);
  return [...rows, { stream: stream.id, granularity: 'day', side: 'baseline', intervals }];
}

/** One reading for the day, so that only one that is newer (or, for the baseline, older) than all of it replaces it. */
function mergeReadings(
  { state, stream: { id: stream } }: StreamInput,
  granularity: Granularity,
  day: Range,
): ReadingsRow[] {
  return SIDES.flatMap((side) => {
    const before = state.readings(stream, granularity, side);
    const asOfs = readingsWithin(before, day).map(({ asOf }) => asOf);
    if (asOfs.length === 0) return [];
    const [asOf, wins] =
      side === 'current' ? [Math.max(...asOfs), latestWins] : [Math.min(...asOfs), earliestWins];
    const { intervals } = overlay(readingsOutside(before, day), { ...day, asOf }, wins);
    return [{ stream, granularity, side, intervals }];
  });
}
