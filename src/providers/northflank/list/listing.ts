import type { Fixed } from '../../../core/values/money.ts';
import { floorTo, HOUR, type Instant, type Range, SECOND } from '../../../core/values/time.ts';
import { PollError } from '../../api/errors.ts';
import type { BilledHour } from '../hours/schema.ts';
import { omittedTiersOf, priceOf, type Tier } from '../hours/tiers.ts';
import type { UsageList } from './schema.ts';
import type { ListedAmounts, ListState } from './state.ts';

/** The hours of one walk through the list, by their start. */
export interface Listing {
  readonly range: Range;
  /** Those of the range, and the one before it. */
  readonly hours: ReadonlyMap<Instant, BilledHour>;
  /** Hours missing between two of one page. Between two pages one may just have been lost. */
  readonly leftOut: ReadonlySet<Instant>;
  /** The list went to its end: nothing older is in it, as far as was asked for. */
  readonly isEnd: boolean;
  /** The oldest hour that this or an earlier walk found. */
  readonly oldest: Instant | undefined;
  readonly contract: 'legacy' | 'current' | undefined;
}

/**
 * The pages as one. Hours outside of the range are left out, for instance those that are not due yet; an hour that a later page
 * repeats adds nothing.
 *
 * @throws {PollError} `contract` when one page holds an hour twice: which of the two counts, nobody says.
 */
export function listingOf(pages: readonly UsageList[], range: Range, known: ListState | undefined): Listing {
  const hours = new Map<Instant, BilledHour>();
  for (const page of pages) {
    const starts = page.hours.map(startOf);
    if (new Set(starts).size < starts.length) throw new PollError('contract', 'the list has an hour twice');
    for (const hour of page.hours) {
      const start = startOf(hour);
      const isWanted = start >= range.start - HOUR && start < range.end;
      if (isWanted && !hours.has(start)) hours.set(start, hour);
    }
  }
  const found = pages.flatMap((page) => page.hours.map(startOf)).filter((start) => start < range.end);
  const oldest = Math.min(known?.oldest ?? Number.POSITIVE_INFINITY, ...found);
  return {
    ...{ range, hours },
    leftOut: new Set(pages.flatMap(leftOutOf)),
    isEnd: pages.at(-1)?.hasNextPage === false,
    oldest: Number.isFinite(oldest) ? oldest : undefined,
    contract: pages.findLast(({ contract }) => contract)?.contract ?? known?.contract,
  };
}

function leftOutOf(page: UsageList): Instant[] {
  const starts = new Set(page.hours.map(startOf));
  return [...starts]
    .map((start) => start + HOUR)
    .filter((start) => !starts.has(start) && starts.has(start + HOUR));
}

function startOf({ timestamp }: { readonly timestamp: number }): Instant {
  return floorTo(HOUR, timestamp * SECOND);
}

/**
 * What the list says of an hour: `listed` with amounts; `left_out` between two that are listed, which counts as nothing;
 * `before` the first of all; or no word, `unknown`.
 */
export type ListedState = 'listed' | 'left_out' | 'before' | 'unknown';

export function standingOf({ hours, isEnd, oldest }: Listing, at: Instant): ListedState {
  const hour = hours.get(at);
  if (hour) return hour.contract === 'unknown' ? 'unknown' : 'listed';
  if (hours.has(at - HOUR) && hours.has(at + HOUR)) return 'left_out';
  return isEnd && oldest !== undefined && at < oldest ? 'before' : 'unknown';
}

/** Whether the list shows nothing at all for an hour: explicit zeros, or its absence between two neighbours that tell of all tiers. */
export function isEmpty({ hours, leftOut }: Listing, at: Instant, tiers: readonly Tier[]): boolean {
  const hour = hours.get(at);
  if (!hour)
    return leftOut.has(at) && [at - HOUR, at + HOUR].every((start) => tellsOfAll(hours.get(start), tiers));
  if (!tellsOfAll(hour, tiers) || hour.hasUnknownFields || (tiers.length > 1 && hour.total)) return false;
  const prices = tiers.flatMap((tier) => priceOf(hour, tier) ?? []);
  return prices.every(({ total, components }) => !total && Object.values(components).every((part) => !part));
}

/** An hour may be listed with the platform alone: of what is billed to the customer its total tells, or each tier itself. */
function tellsOfAll(hour: BilledHour | undefined, tiers: readonly Tier[]): boolean {
  if (!hour?.paas) return false;
  return hour.total !== undefined || omittedTiersOf(hour, tiers).length === 0;
}

/** The amounts of the hours that start in a range, added up. */
export function amountsIn({ hours }: Listing, { start, end }: Range, tiers: readonly Tier[]): ListedAmounts {
  const within = [...hours].filter(([at]) => at >= start && at < end);
  return sumOf(within.map(([, hour]) => amountsOf(hour, tiers)));
}

/** The provider's own total counts where all tiers do: it may know of more than they. */
function amountsOf(hour: BilledHour, tiers: readonly Tier[]): ListedAmounts {
  const { currency } = hour;
  const priced = tiers.flatMap((tier): [string, Fixed][] => {
    const price = priceOf(hour, tier);
    return price ? [[`${currency} ${tier}`, price.total]] : [];
  });
  const whole = tiers.length > 1 ? hour.total : undefined;
  const total = whole ?? priced.reduce((sum, [, amount]) => sum + amount, 0n);
  return new Map([...priced, [`${currency} total`, total]]);
}

export function sumOf(all: readonly ListedAmounts[]): ListedAmounts {
  const sums = new Map<string, Fixed>();
  for (const [key, amount] of all.flatMap((amounts) => [...amounts]))
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  return sums;
}
