import {
  bucketsIn,
  DAY,
  type Instant,
  intersection,
  type Range,
  startOfDay,
} from '../../core/values/time.ts';
import type { FeedContext } from './provider.ts';

/** The plan of a feed whose answer says by itself what time it is about: one range that ends now. */
export function planNow({ now }: Pick<FeedContext<unknown>, 'now'>): Range[] {
  return [{ start: now, end: now }];
}

interface DaysPlan {
  /** How far back each poll reads again: as far as a day may still be revised. No range is longer. */
  readonly windowMs: number;
  /** The provider bills a day only once it has ended: today is not asked for. */
  readonly closedBuckets?: boolean;
}

/**
 * The plan of a feed of UTC days: the window up to the end of today, or of yesterday, then older days that still have to be read,
 * newest first. These were never read, or were last read before their last day in the window, because the exporter was down.
 */
export function planDays(
  { now, since, coverage }: Pick<FeedContext<unknown>, 'now' | 'since' | 'coverage'>,
  { windowMs, closedBuckets = false }: DaysPlan,
): Range[] {
  const end = startOfDay(now) + (closedBuckets ? 0 : DAY);
  const start = startOfDay(since);
  const current = intersection({ start, end }, { start: end - windowMs, end });
  if (!current) return [];
  const older = { start, end: current.start };
  const unread = new Set(coverage.gaps(older).flatMap(daysOf));
  const lastInWindowMs = windowMs - (closedBuckets ? 0 : DAY);
  const due = daysOf(older).filter(
    (day) => unread.has(day) || (coverage.asOf(day) ?? now) < day + lastInWindowMs,
  );
  return [current, ...joinedDays(due, windowMs)];
}

/** Days as ranges of adjoining days, newest first. */
function joinedDays(days: readonly Instant[], maxMs: number): Range[] {
  const ranges: Range[] = [];
  for (const day of days.toReversed()) {
    const last = ranges.at(-1);
    if (last && last.start === day + DAY && last.end - day <= maxMs)
      ranges.splice(-1, 1, { start: day, end: last.end });
    else ranges.push({ start: day, end: day + DAY });
  }
  return ranges;
}

/** The UTC days of a range, oldest first. */
export function daysOf({ start, end }: Range): Instant[] {
  return bucketsIn(DAY, { start: startOfDay(start), end });
}

export function isWithin({ start, end }: Range, at: Instant): boolean {
  return start <= at && at < end;
}
