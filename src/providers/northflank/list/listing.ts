import { addTo } from '../../../core/values/maps.ts';
import type { Fixed } from '../../../core/values/money.ts';
import { bucketsIn, HOUR, type Instant, type Range } from '../../../core/values/time.ts';
import { PollError } from '../../api/errors.ts';
import { isWithin } from '../../api/plans.ts';
import { sum } from '../../api/readings.ts';
import { type BilledHour, omittedTiersOf, ownTotalOf, type Tier } from '../hours/schema.ts';
import type { UsageList } from './ask.ts';
import type { ListedAmounts, ListState } from './state.ts';

/**
 * The pages as one. Hours outside of the range are left out, for instance those that are not due yet; an hour that a later page
 * repeats adds nothing.
 *
 * @throws {PollError} `contract` when one page holds an hour twice: which of the two counts, nobody says.
 */
export function listingOf(pages: readonly UsageList[], range: Range, known: ListState | undefined) {
  const pagesOfStarts = pages.map(({ hours }) => hours.map(({ start }) => start));
  if (pagesOfStarts.some((starts) => new Set(starts).size < starts.length))
    throw new PollError('contract', 'the list has an hour twice');
  const found = pages.flatMap((page) => page.hours).filter(({ start }) => start < range.end);
  const oldest = Math.min(known?.oldest ?? Number.POSITIVE_INFINITY, ...found.map(({ start }) => start));
  const wanted = found.filter(({ start }) => start >= range.start - HOUR);
  return {
    range,
    /** By their start, those of the range and the one before it. The first of an hour counts. */
    hours: new Map<Instant, BilledHour>(wanted.reverse().map((hour) => [hour.start, hour])),
    /** Hours missing between two of one page. Between two pages one may just have been lost. */
    leftOut: new Set(pagesOfStarts.flatMap(leftOutOf)),
    /** The list went to its end: nothing older is in it, as far as was asked for. */
    isEnd: pages.at(-1)?.hasNextPage === false,
    /** The oldest hour that this or an earlier walk found. */
    oldest: Number.isFinite(oldest) ? oldest : undefined,
    contract: pages.findLast(({ contract }) => contract)?.contract ?? known?.contract,
  };
}

/** The hours of one walk through the list. */
export type Listing = ReturnType<typeof listingOf>;

function leftOutOf(page: readonly Instant[]): Instant[] {
  const starts = new Set(page);
  return page.map((start) => start + HOUR).filter((at) => !starts.has(at) && starts.has(at + HOUR));
}

/** Whether the list says of every hour of a range what it comes to. */
export function isKnown(listing: Listing, range: Range): boolean {
  return bucketsIn(HOUR, range).every((at) => isListed(listing, at));
}

/** With amounts; or left out between two that are listed, which counts as nothing; or before the first of all. */
function isListed({ hours, isEnd, oldest }: Listing, at: Instant): boolean {
  const hour = hours.get(at);
  if (hour) return hour.contract !== undefined;
  const isLeftOut = hours.has(at - HOUR) && hours.has(at + HOUR);
  return isLeftOut || (isEnd && oldest !== undefined && at < oldest);
}

/** Whether the list shows nothing at all for an hour: explicit zeros, or its absence between two neighbours that tell of all tiers. */
export function isEmpty({ hours, leftOut }: Listing, at: Instant, tiers: readonly Tier[]): boolean {
  const hour = hours.get(at);
  if (!hour)
    return leftOut.has(at) && [at - HOUR, at + HOUR].every((start) => tellsOfAll(hours.get(start), tiers));
  if (!tellsOfAll(hour, tiers) || hour.hasUnknownFields || ownTotalOf(hour, tiers)) return false;
  const prices = tiers.flatMap((tier) => hour.prices[tier] ?? []);
  return prices.every(({ total, components }) => [total, ...components.values()].every((part) => !part));
}

/** An hour may be listed with the platform alone: of what is billed to the customer its total tells, or each tier itself. */
function tellsOfAll(hour: BilledHour | undefined, tiers: readonly Tier[]): boolean {
  if (!hour?.prices.paas) return false;
  return hour.total !== undefined || omittedTiersOf(hour, tiers).length === 0;
}

/** The amounts of the hours that start in a range, added up. */
export function amountsIn({ hours }: Listing, range: Range, tiers: readonly Tier[]): ListedAmounts {
  const within = [...hours].filter(([at]) => isWithin(range, at));
  return sumOf(within.map(([, hour]) => amountsOf(hour, tiers)));
}

function amountsOf(hour: BilledHour, tiers: readonly Tier[]): ListedAmounts {
  const priced = tiers.flatMap((tier) => {
    const total = hour.prices[tier]?.total;
    return total === undefined ? [] : [[`${hour.currency} ${tier}`, total] as const];
  });
  const total = ownTotalOf(hour, tiers) ?? sum(priced.map(([, amount]) => amount));
  return Object.fromEntries([...priced, [`${hour.currency} total`, total]]);
}

export function sumOf(all: readonly ListedAmounts[]): ListedAmounts {
  const sums = new Map<string, Fixed>();
  for (const [key, amount] of all.flatMap((amounts) => Object.entries(amounts))) addTo(sums, key, amount);
  return Object.fromEntries(sums);
}
