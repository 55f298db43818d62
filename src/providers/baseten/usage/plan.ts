import {
  DAY,
  type Instant,
  isoDay,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../../core/values/time.ts';
import { planDays } from '../../api/plans.ts';
import type { FeedContext } from '../../api/provider.ts';
import { longestMs } from './longest.ts';

/** The first day that can be asked for. */
const EARLIEST = Date.UTC(2026, 0, 1);

/** In ranges of 31 days, or of 30 where the server refuses 31. */
export function planUsage(context: FeedContext<unknown>): Range[] {
  const since = Math.max(context.since, EARLIEST);
  return planDays({ ...context, since }, { windowMs: longestMs(context.state) });
}

/** The UTC month that holds `now`, up to the end of today. */
export function monthToDate(now: Instant): Range {
  return { start: Math.max(startOfMonth(now), EARLIEST), end: startOfDay(now) + DAY };
}

/** Midnight to midnight, the end exclusive. */
export function boundsOf({ start, end }: Range): { start_date: string; end_date: string } {
  return { start_date: `${isoDay(start)}T00:00:00.000Z`, end_date: `${isoDay(end)}T00:00:00.000Z` };
}
