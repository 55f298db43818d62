import type { Drift, Observation, Reconciliation } from '../../../core/statement/statement.ts';
import type { Fixed } from '../../../core/values/money.ts';
import { gapsIn, joinRanges } from '../../../core/values/ranges.ts';
import {
  bucketsIn,
  DAY,
  floorTo,
  HOUR,
  isoDay,
  type Range,
  startOfDay,
  startOfMonth,
} from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import { isWithin } from '../../api/plans.ts';
import type { RangeReading } from '../../api/provider.ts';
import { observe, reading, sum, sumOfAll } from '../../api/readings.ts';
import type { NorthflankContext } from '../account/config.ts';
import { dueEnd, isSettled, ledgerCost, SETTLE_MS } from '../hours/plan.ts';
import { addShift } from '../hours/read.ts';
import { tiersOf } from '../hours/schema.ts';
import type { UsageList } from './ask.ts';
import { amountsIn, isEmpty, isKnown, type Listing, listingOf, sumOf } from './listing.ts';
import { knownOf } from './plan.ts';
import { type ListedAmounts, type ListedDay, type ListState, listScopeOf, writeState } from './state.ts';

/** How many days are set against the ledger, beside those of the month; two more have not settled. */
const RECONCILED_DAYS = 14;
/** A state stays small: what of the oldest is forgotten is asked for hour by hour. */
const MAX_EMPTY = 1000;

/**
 * Reads a walk through the list: what it shows once it has settled is remembered; the newest walk of a poll also gives the totals of
 * the month and what the list and the ledger differ by.
 *
 * @throws {PollError} `contract` when a page holds an hour twice.
 */
export function readList(
  pages: readonly UsageList[],
  range: Range,
  context: NorthflankContext,
): RangeReading {
  const known = knownOf(context);
  const listing = listingOf(pages, range, known);
  const state = stateAfter(known, listing, context);
  const isNewest = range.end === dueEnd(context);
  return reading({
    observations: isNewest ? monthTotals(state, listing, context) : [],
    reconciliation: isNewest ? reconciliationOf(state, context) : undefined,
    drift: driftOf(pages),
    state: writeState(state),
  });
}

/** By tier, in dollars; none while an hour of the month is unknown, and none of a tier with a currency that has no rate. */
function monthTotals(state: ListState, listing: Listing, context: NorthflankContext): Observation[] {
  const start = startOfMonth(context.now);
  const until = startOfMonth(context.now, 1);
  const days = state.days.filter((day) => isWithin({ start, end: state.through }, day.start));
  const rest = { start: Math.max(start, state.through), end: listing.range.end };
  const hasAll = days.length * DAY === rest.start - start;
  if (!hasAll || !days.every((day) => isCounted(day, state)) || !isKnown(listing, rest)) return [];
  const tiers = tiersOf(context.config);
  const sums = sumOf([...days.map(({ amounts }) => amounts), amountsIn(listing, rest, tiers)]);
  return tiers.flatMap((tier) =>
    observe('monthGross', { tier }, dollarsOf(sums, tier, context)).map((one) => ({ ...one, until })),
  );
}

/** A day that was listed before anything was used at all turns out to be one without use. */
function isCounted({ isWhole, start }: ListedDay, { oldest }: ListState): boolean {
  return isWhole || (oldest !== undefined && start + DAY <= oldest);
}

/** The amounts of a tier, or of `total`, by currency. */
function partsOf(sums: ListedAmounts, tier: string): { currency: string; amount: Fixed }[] {
  const ofTier = Object.entries(sums).filter(([key]) => key.endsWith(` ${tier}`));
  return ofTier.map(([key, amount]) => ({ currency: key.slice(0, -tier.length - 1), amount }));
}

/** Undefined where the sums have nothing of the tier, and where a part of it has no rate. */
function dollarsOf(sums: ListedAmounts, tier: string, { usdOf }: NorthflankContext): Fixed | undefined {
  const parts = partsOf(sums, tier);
  if (parts.length === 0) return undefined;
  return sumOfAll(parts.map(({ amount, currency }) => usdOf(amount, currency)));
}

/** The settled days that the list showed whole and the ledger read since they settled; in dollars, for rates may have changed since. */
function reconciliationOf({ days }: ListState, context: NorthflankContext): Reconciliation | undefined {
  const compared = days.flatMap((day) => {
    const difference = differenceOf(day, context);
    return difference === undefined ? [] : [{ day: day.start, difference }];
  });
  const [first, last] = [compared[0], compared.at(-1)];
  if (!first || !last) return undefined;
  return {
    difference: sum(compared.map(({ difference }) => difference)),
    against: `usage list of ${isoDay(first.day)} to ${isoDay(last.day)}, days compared: ${compared.length}`,
  };
}

function differenceOf({ start, isWhole, amounts }: ListedDay, context: NorthflankContext): Fixed | undefined {
  const day = { start, end: start + DAY };
  const ledger = isWhole && isSettled(day, context) ? ledgerCost(day, context) : undefined;
  const parts = partsOf(amounts, 'total');
  const isForeign = parts.some(({ currency, amount }) => currency !== 'USD' && amount !== 0n);
  return ledger === undefined || isForeign ? undefined : sum(parts.map(({ amount }) => amount)) - ledger;
}

function driftOf(pages: readonly UsageList[]): Drift[] {
  const drift = new DriftLog();
  for (const { timestamp } of pages.flatMap((page) => page.hours)) addShift(drift, timestamp);
  return drift.list();
}

/** Adds a walk to what is known of the list; of what has not settled nothing is kept. */
function stateAfter(known: ListState | undefined, listing: Listing, context: NorthflankContext): ListState {
  const { range, oldest, contract } = listing;
  const tiers = tiersOf(context.config);
  const isOlder = known !== undefined && range.end === known.from;
  const settled = Math.max(range.start, floorTo(DAY, Math.min(dueEnd(context, SETTLE_MS), range.end)));
  const others = (known?.days ?? []).filter(({ start }) => !isWithin(range, start));
  const days = bucketsIn(DAY, { start: range.start, end: settled }).map((start) => {
    const day = { start, end: start + DAY };
    return { start, isWhole: isKnown(listing, day), amounts: amountsIn(listing, day, tiers) };
  });
  // The first day that the month's totals or a reconciliation still want.
  const first = Math.min(startOfMonth(context.now), startOfDay(context.now) - (RECONCILED_DAYS + 2) * DAY);
  return {
    scope: listScopeOf(context.config),
    contract,
    oldest,
    from: Math.min(known?.from ?? range.start, range.start),
    through: isOlder ? known.through : settled,
    days: [...others, ...days].filter(({ start }) => start >= first).sort((a, b) => a.start - b.start),
    empty: emptyAfter(known, listing, context),
  };
}

function emptyAfter(known: ListState | undefined, listing: Listing, context: NorthflankContext): Range[] {
  const start = Math.max(listing.range.start, floorTo(HOUR, context.since));
  const end = Math.min(dueEnd(context, SETTLE_MS), listing.range.end);
  const tiers = tiersOf(context.config);
  const found = bucketsIn(HOUR, { start, end }).filter((at) => isEmpty(listing, at, tiers));
  const before = (known?.empty ?? []).flatMap((each) => gapsIn([listing.range], each));
  return joinRanges([...before, ...found.map((at) => ({ start: at, end: at + HOUR }))])
    .reverse()
    .slice(0, MAX_EMPTY);
}
