import { gapsIn, joinedRanges } from '../values/ranges.ts';
import { GRANULARITIES, type Granularity, type Instant, type Range } from '../values/time.ts';
import { asOfAt } from './readings.ts';
import type { LedgerState } from './state.ts';

/** What was read of a stream at a granularity. */
export interface LedgerCoverage {
  asOf(at: Instant): Instant | undefined;
  latest(): Range | undefined;
  gaps(range: Range): Range[];
}

/** As it stands now: a poll plans by it. */
export function coverageOf(
  book: LedgerState,
  stream: number | undefined,
  granularity: Granularity,
): LedgerCoverage {
  const runs = stream === undefined ? [] : book.readings(stream, granularity, 'current');
  const covered = joinedRanges(runs);
  const silences = stream === undefined ? [] : book.omissions(stream);
  const doubted = silences.filter((row) => row.granularity === granularity).map(({ range }) => range);
  return {
    // An omission that is not confirmed yet counts as unread, so that the next plan asks again.
    asOf: (at) =>
      doubted.some((range) => range.start <= at && at < range.end) ? undefined : asOfAt(runs, at),
    latest: () => covered.at(-1),
    gaps: (range) => gapsIn(runs, range),
  };
}

/** The holes in what was read of a stream, from `since` to the newest reading. */
export function unreadOf(book: LedgerState, stream: number | undefined, since: Instant): Range[] {
  const covered = stream === undefined ? [] : book.covered(stream);
  return gapsIn(covered, { start: since, end: covered.at(-1)?.start ?? since });
}

/** The newest as-of of any statement of the account; `-Infinity` before the first. */
export function lastAsOf(book: LedgerState, account: number): Instant {
  const runs = book
    .streamsOf(account)
    .flatMap(({ id }) => GRANULARITIES.flatMap((granularity) => book.readings(id, granularity, 'current')));
  return runs.reduce((last, { asOf }) => Math.max(last, asOf), Number.NEGATIVE_INFINITY);
}
