import { DAY, floorTo, type Instant, type Range, startOfMonth } from '../../../core/values/time.ts';
import type { NorthflankContext } from '../account/config.ts';
import { dueEnd, SETTLE_MS } from '../hours/plan.ts';
import { type ListState, readState } from './state.ts';

/** What one walk goes back at most, from its newest hour: 26 pages. What is older is left to the next. */
const WALK_MS = 104 * DAY;

/**
 * What to list: the hours from the newest that is due back to what was listed once it had settled, and then a part of what was
 * never listed, back to `since` or the start of the month.
 */
export function listRanges(context: NorthflankContext): Range[] {
  const known = knownOf(context);
  const target = Math.min(floorTo(DAY, context.since), startOfMonth(context.now));
  const end = dueEnd(context);
  // After a clock that was set back, too, what may still be revised is listed again.
  const start = known
    ? Math.min(known.through, floorTo(DAY, dueEnd(context, SETTLE_MS)))
    : Math.max(target, farthest(context));
  const from = Math.min(known?.from ?? start, start);
  if (start >= end) return [];
  const older = from > target ? [{ start: Math.max(target, from - WALK_MS), end: from }] : [];
  return [{ start, end }, ...older];
}

/** What the feed remembers, unless that is so long ago that one walk does not reach it. */
export function knownOf(context: NorthflankContext): ListState | undefined {
  const known = readState(context.state, context.config);
  return known && known.through >= farthest(context) ? known : undefined;
}

function farthest(context: NorthflankContext): Instant {
  return floorTo(DAY, dueEnd(context) - WALK_MS);
}
