import { floorTo, type Instant, MINUTE } from '../../../core/values/time.ts';
import type { UsageAggregator } from './aggregator.ts';
import type { UsageRow } from './rows.ts';
import { creditIn } from './sku.ts';

/** What is known beyond the rows of the range. */
export interface Knowledge {
  /** Whether a SKU was ever charged in what was read before. */
  wasCharged(sku: string): boolean;
  /** Whether days that are still unread may tell. */
  mayWait(): boolean;
}

/** Nobody pays dollars for what is staked, comes with a plan or is earned. */
const NEVER_BOUGHT: ReadonlySet<string> = new Set(['DIEM', 'VCU', 'BUNDLED_CREDITS', 'EARNED_CREDITS']);

/**
 * Counts the undecided rows once all others are counted: a refund if the SKU was ever charged, before or after, in this reading or
 * an earlier one; else a grant if the notes or the currency say so; else a top-up. Returns from where on the range can be believed:
 * what may still turn out to be the other, and all before it, is left out.
 */
export function classifyCredits(usage: UsageAggregator, { wasCharged, mayWait }: Knowledge): Instant {
  let from = usage.range.start;
  for (const row of usage.undecided) {
    if (usage.charged.has(row.sku) || wasCharged(row.sku)) usage.countAs('refund', row);
    else if (mayWait()) from = Math.max(from, floorTo(MINUTE, row.at) + MINUTE);
    else usage.countAs(isGrant(row) ? 'grant' : 'top-up', row);
  }
  return from;
}

function isGrant({ notes, currency }: UsageRow): boolean {
  return creditIn(notes) === 'grant' || NEVER_BOUGHT.has(currency.toUpperCase());
}
