import {
  bucketsIn,
  DAY,
  floorTo,
  HOUR,
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
  /** How far back each poll reads again: as far as a day may still be revised. */
  readonly windowMs: number;
  /** No range of older days is longer. Default: the window. */
  readonly maxRangeMs?: number;
  /** The provider bills a day only once it has ended: today is not asked for. */
  readonly closedBuckets?: boolean;
}

type BucketsContext = Pick<FeedContext<unknown>, 'now' | 'since' | 'coverage'>;

/**
 * The plan of a feed of UTC days: the window up to the end of today, or of yesterday, then older days that still have to be read,
 * newest first. These were never read, or were last read before their last day in the window, because the exporter was down.
 */
export function planDays(context: BucketsContext, plan: DaysPlan): Range[] {
  return planBuckets(context, { ...plan, sizeMs: DAY });
}

/** The same of hours, of which the ledger keeps old ones by the day: days of which an hour still has to be read are read whole. */
export function planHours(context: BucketsContext, plan: DaysPlan): Range[] {
  return planBuckets(context, { ...plan, sizeMs: HOUR });
}

function planBuckets(
  { now, since, coverage }: BucketsContext,
  { windowMs, maxRangeMs = windowMs, closedBuckets = false, sizeMs }: DaysPlan & { readonly sizeMs: number },
): Range[] {
  const end = floorTo(sizeMs, now) + (closedBuckets ? 0 : sizeMs);
  const start = startOfDay(since);
  const current = intersection({ start, end }, { start: end - windowMs, end });
  if (!current) return [];
  const older = { start, end: current.start };
  const unread = new Set(coverage.gaps(older).flatMap((gap) => bucketsOf(sizeMs, gap)));
  const lastInWindowMs = windowMs - (closedBuckets ? 0 : sizeMs);
  const isDue = (at: Instant) => unread.has(at) || (coverage.asOf(at) ?? now) < at + lastInWindowMs;
  const due = daysOf(older)
    .flatMap((day) => intersection({ start: day, end: day + DAY }, older) ?? [])
    .filter((part) => bucketsIn(sizeMs, part).some(isDue));
  return [current, ...joinRanges(due, maxRangeMs)];
}

/** Adjoining ranges as one, none longer than `maxMs`, newest first. */
function joinRanges(ranges: readonly Range[], maxMs: number): Range[] {
  const joined: Range[] = [];
  for (const { start, end } of ranges.toReversed()) {
    const last = joined.at(-1);
    if (last && last.start === end && last.end - start <= maxMs)
      joined.splice(-1, 1, { start, end: last.end });
    else joined.push({ start, end });
  }
  return joined;
}

/** The UTC days of a range, oldest first. */
export function daysOf(range: Range): Instant[] {
  return bucketsOf(DAY, range);
}

/** The buckets that a range touches, oldest first. */
function bucketsOf(sizeMs: number, { start, end }: Range): Instant[] {
  return bucketsIn(sizeMs, { start: floorTo(sizeMs, start), end });
}

export function isWithin({ start, end }: Range, at: Instant): boolean {
  return start <= at && at < end;
}
