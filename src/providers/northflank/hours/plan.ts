import type { Usd } from '../../../core/values/money.ts';
import { bucketsIn, ceilTo, floorTo, HOUR, type Instant, type Range } from '../../../core/values/time.ts';
import type { NorthflankConfig, NorthflankContext } from '../account/config.ts';

/** How long after an hour's end plus `dueAfter` it is read: once, and again while Northflank may still revise it. */
const READINGS_MS = [0, HOUR, 6 * HOUR, 24 * HOUR];
/** How long Northflank may revise an hour after its end. The last reading finds it settled. */
export const SETTLE_MS = 24 * HOUR;
/** How long the last reading stays with `usage` before `usage_history` takes it up. */
const GRACE_MS = 2 * HOUR;

/** Both feeds of hours read the same bill. */
export const STREAM = {
  name: 'usage',
  granularity: 'hour',
  settleMs: SETTLE_MS,
  // The hour itself, the wait until it is due, and the time until it is read.
  lagMs: ({ dueAfter }: NorthflankConfig) => dueAfter + 2 * HOUR,
  closedBuckets: true,
} as const;

/** Hours that a run of `usage_history` asks for at most: it ends sooner when only the requests are left that are not for it. */
const HISTORY_HOURS = 200;

type HoursContext = Pick<NorthflankContext, 'now' | 'config' | 'since' | 'coverage'>;

/** The hours of the last day or so that are due for a reading, newest first. No hour is due before `dueAfter`. */
export function planHours(context: HoursContext): Range[] {
  const { now, config, since } = context;
  const start = Math.max(recentStart(context), since);
  return hoursIn({ start, end: dueEnd(context) }).filter((hour) => {
    const reading = READINGS_MS.findLast((ms) => hour.end + config.dueAfter + ms <= now) ?? 0;
    return isUnread(hour, reading, context);
  });
}

/**
 * Older hours that were never read, or not since they settled, newest first: those of a run. Of hours that need no request any
 * number.
 *
 * @param isFree says whether an hour needs none.
 */
export function historyHours(context: HoursContext, isFree: (hour: Range) => boolean): Range[] {
  const old = hoursIn({ start: context.since, end: recentStart(context) });
  const missing = old.filter((hour) => isUnread(hour, SETTLE_MS, context));
  const later = new Set(missing.filter((hour) => !isFree(hour)).slice(HISTORY_HOURS));
  return missing.filter((hour) => !later.has(hour));
}

/** Whether an hour was not read since the reading that is due so long after it. */
function isUnread({ start, end }: Range, readingMs: number, { config, coverage }: HoursContext): boolean {
  const asOf = coverage.asOf(start);
  return asOf === undefined || asOf < end + config.dueAfter + readingMs;
}

/** Whether all of a range should have been read for the last time. */
export function isSettled({ end }: Range, { now, config }: Pick<HoursContext, 'now' | 'config'>): boolean {
  return end + config.dueAfter + SETTLE_MS + GRACE_MS <= now;
}

/** What the ledger holds of whole days in the tiers that the account counts; undefined unless all of it was read since it settled. */
export function ledgerCost(range: Range, { config, netCost }: NorthflankContext): Usd | undefined {
  const found = netCost(range, config.customerCosts ? undefined : ({ tier }) => tier === 'paas');
  return found && found.asOf >= range.start + HOUR + SETTLE_MS ? found.usd : undefined;
}

/** Start of the hours that `usage` looks after; what ended before it is history. */
function recentStart(context: HoursContext): Instant {
  return dueEnd(context, SETTLE_MS + GRACE_MS);
}

/** The end of the newest hour that was due `agoMs` ago; after `SETTLE_MS` Northflank no longer revises it. */
export function dueEnd({ now, config }: Pick<HoursContext, 'now' | 'config'>, agoMs = 0): Instant {
  return floorTo(HOUR, now - config.dueAfter - agoMs);
}

/** The whole hours of a range that ends with one, newest first. */
function hoursIn({ start, end }: Range): Range[] {
  const starts = bucketsIn(HOUR, { start: ceilTo(HOUR, start), end });
  return starts.map((at) => ({ start: at, end: at + HOUR })).reverse();
}
