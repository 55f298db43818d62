import {
  DAY,
  type Instant,
  intersection,
  isoDay,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../../core/values/time.ts';
import { bucketsIn } from '../../api/plans.ts';
import type { FeedContext } from '../../api/provider.ts';
import { longestMs } from './longest.ts';

/** The first day that can be asked for. */
const EARLIEST = Date.UTC(2026, 0, 1);

/** The longest range up to today's end, 31 days or 30, then older days that still have to be read, newest first, in ranges as long. */
export function planUsage(context: FeedContext<unknown>): Range[] {
  const longest = longestMs(context.state);
  const end = startOfDay(context.now) + DAY;
  const start = Math.max(startOfDay(context.since), EARLIEST);
  const current = intersection({ start, end }, { start: end - longest, end });
  if (!current) return [];
  return [current, ...chunksOf(olderDays({ start, end: current.start }, context), longest)];
}

/** Days that left the window unread, or were last read before their last day in it, because the exporter was down. */
function olderDays(older: Range, { coverage, state }: FeedContext<unknown>): Instant[] {
  if (older.start >= older.end) return [];
  const unread = new Set(coverage.gaps(older).flatMap(daysOf));
  const isStale = (day: Instant) => {
    const asOf = coverage.asOf(day);
    return asOf !== undefined && asOf < day + longestMs(state) - DAY;
  };
  return daysOf(older).filter((day) => unread.has(day) || isStale(day));
}

/** The UTC days of a range, oldest first. */
export function daysOf({ start, end }: Range): Instant[] {
  return bucketsIn(DAY, { start: startOfDay(start), end });
}

function chunksOf(days: readonly Instant[], longest: number): Range[] {
  const chunks: Range[] = [];
  for (const day of days.toReversed()) {
    const last = chunks.at(-1);
    if (last && last.start === day + DAY && last.end - day <= longest) {
      chunks.splice(-1, 1, { start: day, end: last.end });
    } else chunks.push({ start: day, end: day + DAY });
  }
  return chunks;
}

/** The UTC month that holds `now`, up to the end of today. */
export function monthToDate(now: Instant): Range {
  return { start: Math.max(startOfMonth(now), EARLIEST), end: startOfDay(now) + DAY };
}

/** Midnight to midnight, the end exclusive. */
export function boundsOf({ start, end }: Range): { start_date: string; end_date: string } {
  return { start_date: `${isoDay(start)}T00:00:00.000Z`, end_date: `${isoDay(end)}T00:00:00.000Z` };
}
