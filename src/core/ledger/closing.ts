import { addTo } from '../values/maps.ts';
import type { Fixed } from '../values/money.ts';
import { joinRanges } from '../values/ranges.ts';
import { DAY, floorTo, type Instant, type Range, startOfMonth } from '../values/time.ts';
import { type ReadInterval, readingsOutside, readingsWithin, SIDES } from './readings.ts';
import type { Commit, ReadingsRow, SeriesRow, StreamRow } from './records.ts';
import type { AccountSettings, StreamSettings } from './settings.ts';
import type { LedgerState } from './state.ts';
import {
  amountsIn,
  isComposed,
  type StreamAmountsInput,
  storedDays,
  storedGranularities,
} from './stream-amounts.ts';

export interface ClosingInput extends StreamAmountsInput {
  readonly state: LedgerState;
  readonly now: Instant;
}

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

/** Rolls up into its series what is closed once a month has begun, and drops its cells. Undefined while nothing is. */
export function closingOf(input: ClosingInput): Commit | undefined {
  const { state, stream, settings, now } = input;
  const closedIn = startOfMonth(now);
  const closedBefore = Math.min(startOfMonth(now, -1), floorTo(DAY, now - settings.reachMs));
  if (closedIn <= stream.closedIn || closedBefore <= stream.closedBefore) return undefined;
  const range = { start: 0, end: closedBefore };
  const granularities = storedGranularities(settings);
  const days = state.compacted(stream.id).filter(({ end }) => end > closedBefore);
  return {
    streams: [{ ...stream, closedBefore, closedIn }],
    series: rollUp(input, range),
    dropped: granularities.map((granularity) => ({ stream: stream.id, granularity, range })),
    readings: granularities.flatMap((granularity) =>
      SIDES.map((side): ReadingsRow => {
        const before = state.readings(stream.id, granularity, side);
        const intervals = side === 'current' ? coalesce(before, range) : readingsOutside(before, range);
        return { stream: stream.id, granularity, side, intervals };
      }),
    ),
    compacted: [{ stream: stream.id, days }],
    droppedPeriodTotals: { kind: 'day', before: closedBefore },
  };
}

/** The series with what their cells before `range.end` come to. */
function rollUp(input: ClosingInput, range: Range): SeriesRow[] {
  const { state, stream, settings } = input;
  const rolled = new Map<number, Fixed>();
  const add = (series: number, net: Fixed) => addTo(rolled, state.series.get(series)?.target ?? series, net);
  for (const part of isComposed(settings) ? storedDays(state, stream, range.end) : [range]) {
    const { value, baseline } = amountsIn(input, part);
    for (const [series, amount] of value) add(series, amount);
    for (const [series, amount] of baseline) add(series, -amount);
  }
  return [...rolled].flatMap(([id, net]) => {
    const row = state.series.get(id);
    return row && net !== 0n ? [{ ...row, rolled: row.rolled + net }] : [];
  });
}

/** Keeps how far back was read, without the detail of when. */
function coalesce(intervals: readonly ReadInterval[], range: Range): ReadInterval[] {
  const old = readingsWithin(intervals, range);
  const asOf = Math.max(...old.map((interval) => interval.asOf));
  return [...joinRanges(old).map((each) => ({ ...each, asOf })), ...readingsOutside(intervals, range)];
}
