import type { ReadCoverage } from '../statement/series.ts';
import { gapsIn, joinRanges } from '../values/ranges.ts';
import { GRANULARITIES, type Granularity, type Instant, type Range } from '../values/time.ts';
import { asOfAt } from './readings.ts';
import type { StreamRow } from './records.ts';
import type { LedgerState } from './state.ts';

/** The coverage at the time of the call: a poll plans by it. */
export function coverageOf(
  state: LedgerState,
  stream: number | undefined,
  granularity: Granularity,
): ReadCoverage {
  const readings = stream === undefined ? [] : state.readings(stream, granularity, 'current');
  const omissions = stream === undefined ? [] : state.omissions(stream);
  const doubted = omissions.filter((row) => row.granularity === granularity).map(({ range }) => range);
  return {
    // An omission that is not confirmed yet counts as unread, so that the next plan asks again.
    asOf: (at) =>
      doubted.some((range) => range.start <= at && at < range.end) ? undefined : asOfAt(readings, at),
    latest: () => joinRanges(readings).at(-1),
    gaps: (range) => gapsIn(readings, range),
  };
}

/** The gaps in what was read of a stream, from `since` to the newest reading. */
export function unreadOf(state: LedgerState, stream: number | undefined, since: Instant): Range[] {
  const covered = stream === undefined ? [] : state.covered(stream);
  return gapsIn(covered, { start: since, end: covered.at(-1)?.start ?? since });
}

/** As-ofs of all current readings of streams. */
export function asOfsOf(state: LedgerState, streams: readonly StreamRow[]): Instant[] {
  return streams
    .flatMap(({ id }) => GRANULARITIES.flatMap((each) => state.readings(id, each, 'current')))
    .map(({ asOf }) => asOf);
}

/** As-of of the first statement of the account: the baseline of its first stream. Undefined before it. */
export function firstAsOf(state: LedgerState, account: number): Instant | undefined {
  return state.streamsOf(account).find(({ baseline }) => baseline !== undefined)?.baseline;
}

/** The newest as-of of any statement of the account; `-Infinity` before the first. */
export function lastAsOf(state: LedgerState, account: number): Instant {
  return asOfsOf(state, state.streamsOf(account)).reduce(
    (last, asOf) => Math.max(last, asOf),
    Number.NEGATIVE_INFINITY,
  );
}
