import {
  DAY,
  type Instant,
  intersection,
  isoDay,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../core/time.ts';
import type { FeedContext } from '../provider.ts';

/** The longest range the API answers, and how far back it restates: 31 days. */
const LONGEST_MS = 31 * DAY;
/** The first day that can be asked for. */
const EARLIEST = Date.UTC(2026, 0, 1);

/** The 31 days up to today's end, then older days that still have to be read, newest first, in ranges of at most 31 days. */
export function rangesToRead(context: FeedContext<unknown>): Range[] {
  const end = startOfDay(context.now) + DAY;
  const start = Math.max(startOfDay(context.since), EARLIEST);
  const current = intersection({ start, end }, { start: end - LONGEST_MS, end });
  if (!current) return [];
  return [current, ...chunksOf(olderDays({ start, end: current.start }, context))];
}

/**
 * Days that left the 31-day window unread, or when they had last been read before their last day in it: the exporter was
 * down. Each is read again once.
 */
function olderDays(older: Range, { coverage }: FeedContext<unknown>): Instant[] {
  if (older.start >= older.end) return [];
  const unread = new Set(coverage.gaps(older).flatMap(daysOf));
  const isStale = (day: Instant) => {
    const asOf = coverage.asOf(day);
    return asOf !== undefined && asOf < day + LONGEST_MS - DAY;
  };
  return daysOf(older).filter((day) => unread.has(day) || isStale(day));
}

/** The UTC days of a range, oldest first. */
export function daysOf({ start, end }: Range): Instant[] {
  const first = startOfDay(start);
  return Array.from(
    { length: Math.max(0, Math.ceil((end - first) / DAY)) },
    (_, index) => first + index * DAY,
  );
}

function chunksOf(days: readonly Instant[]): Range[] {
  const chunks: Range[] = [];
  for (const day of days.toReversed()) {
    const last = chunks.at(-1);
    if (last && last.start === day + DAY && last.end - day <= LONGEST_MS) {
      chunks.splice(-1, 1, { start: day, end: last.end });
    } else chunks.push({ start: day, end: day + DAY });
  }
  return chunks;
}

/** Whether a range reaches into today. */
export function isCurrent(range: Range, now: Instant): boolean {
  return range.end > now;
}

/** The UTC month that holds `now`, up to the end of today. */
export function monthToDate(now: Instant): Range {
  return { start: Math.max(startOfMonth(now), EARLIEST), end: startOfDay(now) + DAY };
}

/** Midnight to midnight, the end exclusive. */
export function boundsOf({ start, end }: Range): { start_date: string; end_date: string } {
  return { start_date: `${isoDay(start)}T00:00:00.000Z`, end_date: `${isoDay(end)}T00:00:00.000Z` };
}
