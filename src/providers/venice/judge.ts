import { floorTo, type Instant, MINUTE } from '../../core/time.ts';
import { emptyMinute, openSku } from './sums.ts';
import { keepLines, note, refund, skuOf, type Tally, topUp } from './tally.ts';

/** What is known beyond the rows of the range. */
export interface Knowledge {
  /** Whether a SKU was ever charged in what was read before. */
  wasCharged(sku: string): boolean;
  /** Whether days that are still unread may tell. */
  mayWait(): boolean;
}

/**
 * Judges the undecided rows once all others are counted: a refund where the SKU was ever charged, be it before or after, in
 * this reading or an earlier one; else a top-up. Returns from where on the range can be believed: what may still turn out to
 * be the other, and all before it, is left out.
 */
export function judge(tally: Tally, { wasCharged, mayWait }: Knowledge): Instant {
  let from = tally.range.start;
  for (const row of tally.undecided) {
    const minute = emptyMinute(floorTo(MINUTE, row.at));
    if (tally.charged.has(row.sku) || wasCharged(row.sku))
      refund(tally, openSku(minute, skuOf(tally, row.sku)), row);
    else if (mayWait()) from = Math.max(from, minute.at + MINUTE);
    else {
      note(tally, 'unknown_value', `positive amount of ${row.sku}`);
      topUp(tally, minute, row);
    }
    keepLines(tally, minute);
  }
  return from;
}
