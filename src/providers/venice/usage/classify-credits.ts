import { floorTo, type Instant, MINUTE } from '../../../core/values/time.ts';
import { grant, keepLines, refund, skuOf, topUp, type UsageAggregator } from './aggregator.ts';
import type { UsageRow } from './rows.ts';
import { creditIn } from './sku.ts';
import { emptyMinute, openSku } from './sums.ts';

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
 * Judges the undecided rows once all others are counted: a refund where the SKU was ever charged, be it before or after, in
 * this reading or an earlier one; else a grant where the notes or the currency say so; else a top-up. Returns from where on the
 * range can be believed: what may still turn out to be the other, and all before it, is left out.
 */
export function classifyCredits(tally: UsageAggregator, { wasCharged, mayWait }: Knowledge): Instant {
  let from = tally.range.start;
  for (const row of tally.undecided) {
    const minute = emptyMinute(floorTo(MINUTE, row.at));
    if (tally.charged.has(row.sku) || wasCharged(row.sku))
      refund(tally, openSku(minute, skuOf(tally, row.sku)), row);
    else if (mayWait()) from = Math.max(from, minute.at + MINUTE);
    else if (isGrant(row)) grant(tally, row);
    else {
      tally.drift.add('unknown_value', `positive amount of ${row.sku}`);
      topUp(tally, minute, row);
    }
    keepLines(tally, minute);
  }
  return from;
}

function isGrant({ notes, currency }: UsageRow): boolean {
  return creditIn(notes) === 'grant' || NEVER_BOUGHT.has(currency.toUpperCase());
}
