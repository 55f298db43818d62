import { gapsIn, joinRanges } from '../../../core/values/ranges.ts';
import {
  DAY,
  floorTo,
  HOUR,
  type Instant,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../../core/values/time.ts';
import { bucketsIn } from '../../api/plans.ts';
import type { NorthflankContext } from '../account/config.ts';
import { type Tier, tiersOf } from '../hours/tiers.ts';
import { amountsIn, isEmpty, type Listing, standingOf } from './listing.ts';
import { settledEnd } from './plan.ts';
import type { ListedDay, ListState } from './state.ts';

/** How many days are set against the ledger, beside those of the month; two more have not settled. */
const RECONCILED_DAYS = 14;
/** A state stays small: what of the oldest is forgotten is asked for hour by hour. */
const MAX_EMPTY = 1000;

type FoldContext = Pick<NorthflankContext, 'now' | 'config' | 'since'>;

/** Adds a walk to what is known of the list; of what has not settled nothing is kept. */
export function folded(known: ListState | undefined, listing: Listing, context: FoldContext): ListState {
  const { range, oldest, contract } = listing;
  const isOlder = known !== undefined && range.end === known.from;
  const settled = Math.max(range.start, floorTo(DAY, Math.min(settledEnd(context), range.end)));
  const others = (known?.days ?? []).filter(({ start }) => start < range.start || start >= range.end);
  const days = daysIn(listing, { start: range.start, end: settled }, tiersOf(context.config));
  const first = keptFrom(context.now);
  return {
    ...{ contract, oldest },
    from: Math.min(known?.from ?? range.start, range.start),
    through: isOlder ? known.through : settled,
    days: [...others, ...days].filter(({ start }) => start >= first).sort((a, b) => a.start - b.start),
    empty: emptyOf(known, listing, context),
  };
}

/** The first day that the month's totals or a reconciliation still want. */
function keptFrom(now: Instant): Instant {
  return Math.min(startOfMonth(now), startOfDay(now) - (RECONCILED_DAYS + 2) * DAY);
}

/** Whether the list says of every hour of a range what it comes to. */
export function isKnown(listing: Listing, range: Range): boolean {
  return bucketsIn(HOUR, range).every((at) => standingOf(listing, at) !== 'unknown');
}

function daysIn(listing: Listing, days: Range, tiers: readonly Tier[]): ListedDay[] {
  return bucketsIn(DAY, days).map((start) => {
    const day = { start, end: start + DAY };
    return { start, isWhole: isKnown(listing, day), amounts: amountsIn(listing, day, tiers) };
  });
}

function emptyOf(known: ListState | undefined, listing: Listing, context: FoldContext): Range[] {
  const { range } = listing;
  const tiers = tiersOf(context.config);
  const start = Math.max(range.start, floorTo(HOUR, context.since));
  const end = Math.min(settledEnd(context), range.end);
  const found = bucketsIn(HOUR, { start, end }).filter((at) => isEmpty(listing, at, tiers));
  const before = (known?.empty ?? []).flatMap((each) => gapsIn([range], each));
  return joinRanges([...before, ...found.map((at) => ({ start: at, end: at + HOUR }))])
    .reverse()
    .slice(0, MAX_EMPTY);
}
