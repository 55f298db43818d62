import { gapsIn, joinRanges } from '../../core/values/ranges.ts';
import {
  DAY,
  floorTo,
  HOUR,
  type Instant,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../core/values/time.ts';
import type { FeedContext } from '../api/provider.ts';
import type { NorthflankConfig } from './config.ts';
import type { ListedDay, ListMemo } from './list-memo.ts';
import { settledEnd } from './list-plan.ts';
import { amountsIn, isEmpty, type Listing, standingOf } from './listing.ts';
import { type Tier, tiersOf } from './tiers.ts';

/** How many days are set against the ledger, beside those of the month; two more have not settled. */
const RECONCILED_DAYS = 14;
/** A state stays small: what of the oldest is forgotten is asked for hour by hour. */
const MOST_EMPTY = 1000;

type Context = Pick<FeedContext<NorthflankConfig>, 'now' | 'config' | 'since'>;

/** Adds a walk to what is known of the list; of what has not settled nothing is kept. */
export function folded(known: ListMemo | undefined, listing: Listing, context: Context): ListMemo {
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
  return stepsIn(range, HOUR).every((at) => standingOf(listing, at) !== 'unknown');
}

function daysIn(listing: Listing, days: Range, tiers: readonly Tier[]): ListedDay[] {
  return stepsIn(days, DAY).map((start) => {
    const day = { start, end: start + DAY };
    return { start, isWhole: isKnown(listing, day), amounts: amountsIn(listing, day, tiers) };
  });
}

function emptyOf(known: ListMemo | undefined, listing: Listing, context: Context): Range[] {
  const { range } = listing;
  const tiers = tiersOf(context.config);
  const start = Math.max(range.start, floorTo(HOUR, context.since));
  const end = Math.min(settledEnd(context), range.end);
  const found = stepsIn({ start, end }, HOUR).filter((at) => isEmpty(listing, at, tiers));
  const before = (known?.empty ?? []).flatMap((each) => gapsIn([range], each));
  return joinRanges([...before, ...found.map((at) => ({ start: at, end: at + HOUR }))])
    .reverse()
    .slice(0, MOST_EMPTY);
}

function stepsIn({ start, end }: Range, step: number): Instant[] {
  const count = Math.max(0, Math.ceil((end - start) / step));
  return Array.from({ length: count }, (_, index) => start + index * step);
}
