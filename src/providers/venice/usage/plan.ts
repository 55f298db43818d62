import {
  DAY,
  floorTo,
  HOUR,
  type Instant,
  MINUTE,
  type Range,
  startOfDay,
} from '../../../core/values/time.ts';
import type { FeedContext } from '../../api/provider.ts';

/** How long after a bucket's end rows still come in: a client in the field re-reads six hours for back-dated ones. */
export const SETTLE_MS = 48 * HOUR;

const OVERLAP_MS = 10 * MINUTE;
const RECENT_MS = 6 * HOUR;

type PlanContext = Pick<FeedContext<unknown>, 'now' | 'since' | 'coverage'>;

/** The end of the open minute, so that what was spent just now is in. */
function openEnd(now: Instant): Instant {
  return floorTo(MINUTE, now) + MINUTE;
}

function rangeFrom(start: Instant, { now, since }: PlanContext): Range[] {
  const range = { start: Math.max(since, floorTo(MINUTE, start)), end: openEnd(now) };
  return range.start < range.end ? [range] : [];
}

/** The last ten minutes, and as far back as the reading stands still, if that is not further than the hourly feed reaches. */
export function planTail(context: PlanContext): Range[] {
  const { now, coverage } = context;
  const readTo = coverage.latest()?.end ?? now;
  const start = Math.min(now, readTo) - OVERLAP_MS;
  return rangeFrom(start < now - RECENT_MS ? now - OVERLAP_MS : start, context);
}

/** The last six hours, where rows arrive late and back-dated. */
export function planRecent(context: PlanContext): Range[] {
  return rangeFrom(context.now - RECENT_MS, context);
}

/**
 * UTC days, newest first, back to `since`: those with a hole, and those not yet read after they could no longer be revised, be it
 * that they are young or that the exporter was down when they settled.
 *
 * Always the whole day, because the ledger keeps old days as one.
 */
export function planHistory({ now, since, coverage }: PlanContext): Range[] {
  const days: Range[] = [];
  for (let start = startOfDay(now); start >= since; start -= DAY) {
    const day = { start, end: Math.min(start + DAY, openEnd(now)) };
    const readAt = coverage.asOf(day.end - MINUTE) ?? 0;
    if (readAt < start + DAY + SETTLE_MS || coverage.gaps(day).length > 0) days.push(day);
  }
  return days;
}
