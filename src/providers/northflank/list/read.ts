import type { Drift, Observation, Reconciliation } from '../../../core/statement/statement.ts';
import type { Fixed } from '../../../core/values/money.ts';
import { DAY, HOUR, isoDay, type Range, SECOND, startOfMonth } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import type { RangeReading } from '../../api/provider.ts';
import { observe, reading } from '../../api/readings.ts';
import type { NorthflankContext } from '../account/config.ts';
import { GRACE_MS, SETTLE_MS } from '../hours/plan.ts';
import { tiersOf } from '../hours/tiers.ts';
import { folded, isKnown } from './fold.ts';
import { amountsIn, type Listing, listingOf, sumOf } from './listing.ts';
import { dueEnd, knownOf } from './plan.ts';
import type { UsageList } from './schema.ts';
import { type ListedAmounts, type ListedDay, type ListState, writeState } from './state.ts';

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
  const state = folded(known, listing, context);
  const isNewest = range.end === dueEnd(context);
  return reading({
    observations: isNewest ? monthTotals(state, listing, context) : [],
    reconciliation: isNewest ? reconciliationOf(state, context) : undefined,
    drift: driftOf(pages),
    state: writeState(state, context.config),
  });
}

/** By tier, in dollars; none while an hour of the month is unknown, and none of a tier with a currency that has no rate. */
function monthTotals(state: ListState, listing: Listing, context: NorthflankContext): Observation[] {
  const start = startOfMonth(context.now);
  const until = startOfMonth(context.now, 1);
  const days = state.days.filter((day) => day.start >= start && day.start < state.through);
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

/** Undefined where the sums have nothing of the tier, and where a part of it has no rate. */
function dollarsOf(sums: ListedAmounts, tier: string, { usdOf }: NorthflankContext): Fixed | undefined {
  const parts = [...sums].map(([key, amount]) => ({ ...splitKey(key), amount }));
  const usd = parts
    .filter((part) => part.tier === tier)
    .map(({ amount, currency }) => usdOf(amount, currency));
  if (usd.length === 0) return undefined;
  return usd.reduce((sum, part) => (sum === undefined || part === undefined ? undefined : sum + part));
}

function splitKey(key: string): { currency: string; tier: string } {
  const at = key.lastIndexOf(' ');
  return { currency: key.slice(0, at), tier: key.slice(at + 1) };
}

/** The settled days that the list showed whole and the ledger read since they settled; in dollars, for rates may have changed since. */
function reconciliationOf({ days }: ListState, context: NorthflankContext): Reconciliation | undefined {
  const compared = days.flatMap((day) => {
    const ledger = day.isWhole ? settledLedger(day, context) : undefined;
    const listed = inDollars(day.amounts);
    return ledger === undefined || listed === undefined
      ? []
      : [{ day: day.start, difference: listed - ledger }];
  });
  const [first, last] = [compared[0], compared.at(-1)];
  if (!first || !last) return undefined;
  return {
    difference: compared.reduce((sum, { difference }) => sum + difference, 0n),
    against: `usage list of ${isoDay(first.day)} to ${isoDay(last.day)}, days compared: ${compared.length}`,
  };
}

/** What the ledger holds of a day, once all of it should have been read for the last time. */
function settledLedger({ start }: ListedDay, { now, config, netCost }: NorthflankContext): Fixed | undefined {
  const end = start + DAY;
  if (end + config.dueAfter + SETTLE_MS + GRACE_MS > now) return undefined;
  const found = netCost({ start, end }, config.customerCosts ? undefined : ({ tier }) => tier === 'paas');
  return found && found.asOf >= start + HOUR + SETTLE_MS ? found.usd : undefined;
}

function inDollars(amounts: ListedAmounts): Fixed | undefined {
  const totals = [...amounts].filter(([key]) => key.endsWith(' total'));
  const isForeign = totals.some(([key, amount]) => splitKey(key).currency !== 'USD' && amount !== 0n);
  return isForeign ? undefined : (amounts.get('USD total') ?? 0n);
}

function driftOf(pages: readonly UsageList[]): Drift[] {
  const drift = new DriftLog();
  for (const { timestamp } of pages.flatMap((page) => page.hours))
    if ((timestamp * SECOND) % HOUR !== 0) drift.add('unknown_value', 'timestamp off the start of the hour');
  return drift.list();
}
