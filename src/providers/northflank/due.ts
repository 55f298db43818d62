import { ceilTo, floorTo, HOUR, type Instant, type Range } from '../../core/time.ts';
import type { FeedContext } from '../provider.ts';
import type { NorthflankConfig } from './config.ts';

/** How long after an hour's end plus `dueAfter` it is read: once, and again while Northflank may still revise it. */
const READINGS_MS = [0, HOUR, 6 * HOUR, 24 * HOUR];
/** The last of them: a reading after this finds the hour settled. */
const LAST_READING_MS = 24 * HOUR;
/** How long the last reading stays with `usage` before `usage_history` takes it up. */
const GRACE_MS = 2 * HOUR;

/** Requests that `usage_history` may cause in a run: six runs an hour leave 400 of the 1000 requests to `usage`. */
const HISTORY_REQUESTS = 100;
/** Hours read in a run at most, so that a wrong estimate of their cost stays affordable. */
const HISTORY_HOURS = 50;
/** What an hour is taken to cost before the first one was read. */
const REQUESTS_GUESS = 5;

type Context = Pick<FeedContext<NorthflankConfig>, 'now' | 'config' | 'since' | 'coverage' | 'memo'>;

/** The hours of the last day or so that are due for a reading, newest first. No hour is due before `dueAfter`. */
export function dueHours(context: Context): Range[] {
  const { now, config, since, coverage } = context;
  return hoursIn(recentStart(context), now - config.dueAfter, since).filter(({ start, end }) => {
    const asOf = coverage.asOf(start);
    const reading = READINGS_MS.findLast((ms) => end + config.dueAfter + ms <= now);
    return reading !== undefined && (asOf === undefined || asOf < end + config.dueAfter + reading);
  });
}

/**
 * Older hours that were never read, or not since they settled, newest first: as many as the request budget allows a run.
 *
 * `memo` is what an hour of the last run cost; see {@link memoOf}.
 */
export function historyHours(context: Context): Range[] {
  const { config, since, coverage, memo } = context;
  const missing = hoursIn(since, recentStart(context), since).filter(({ start, end }) => {
    const asOf = coverage.asOf(start);
    return asOf === undefined || asOf < end + config.dueAfter + LAST_READING_MS;
  });
  const affordable = Math.floor(HISTORY_REQUESTS / requestsAnHour(memo));
  return missing.slice(0, Math.min(Math.max(affordable, 1), HISTORY_HOURS));
}

/** The estimate after an hour that took so many requests; what a dear hour cost is forgotten by a tenth with each cheap one. */
export function memoOf(requests: number, memo: string | undefined): string {
  return String(Math.max(requests, Math.floor(requestsAnHour(memo) * 0.9)));
}

function requestsAnHour(memo: string | undefined): number {
  const requests = Number(memo ?? REQUESTS_GUESS);
  return Number.isSafeInteger(requests) && requests > 0 ? requests : REQUESTS_GUESS;
}

/** Start of the hours that `usage` looks after; what ended before it is history. */
function recentStart({ now, config }: Context): Instant {
  return floorTo(HOUR, now - config.dueAfter - LAST_READING_MS - GRACE_MS);
}

/** Whole hours from `start` on that ended by `until`, none of them before `since`, newest first. */
function hoursIn(start: Instant, until: Instant, since: Instant): Range[] {
  const hours: Range[] = [];
  const first = Math.max(start, ceilTo(HOUR, since));
  for (let end = floorTo(HOUR, until); end - HOUR >= first; end -= HOUR) {
    hours.push({ start: end - HOUR, end });
  }
  return hours;
}
