import type { Charge } from '../../../core/statement/statement.ts';
import type { Fixed } from '../../../core/values/money.ts';
import { floorTo, type Instant, MINUTE, type Range } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import type { UsageRow } from './rows.ts';
import { creditIn, isGrantBack, isPurchaseBack, parseSku, type Sku } from './sku.ts';
import {
  addTo,
  type CurrencyAmount,
  chargesOf,
  countRequest,
  emptyMinute,
  entriesOf,
  type MinuteSums,
  openSku,
  SKU_WEIGHT,
  type SkuSums,
} from './sums.ts';

/**
 * Rows come in order of time. A minute stays open until rows are this much later, so that a row slightly out of order still
 * finds the requests of its minute. One that comes later yet is counted in full, but if its request was counted before, as another.
 */
const ORDER_SLACK_MS = 2 * MINUTE;
/** The currencies that are documented. */
export const CURRENCIES: ReadonlySet<string> = new Set([
  'USD',
  'DIEM',
  'VCU',
  'BUNDLED_CREDITS',
  'EARNED_CREDITS',
]);
/** Enough to see what is going on. */
const MAX_DRIFT = 50;

/** US dollars per unit, and when they were charged. */
interface RowPrice {
  readonly at: Instant;
  readonly price: Fixed;
}

/** What the rows of a range come to, taken one by one. Of rows, only what the open minutes need is kept. */
export interface UsageAggregator {
  readonly range: Range;
  readonly skus: Map<string, Sku>;
  readonly open: Map<Instant, MinuteSums>;
  current: MinuteSums | undefined;
  newest: Instant;
  /** Lines of closed minutes. */
  readonly charges: Charge[];
  /** SKUs of no known shape that were charged. */
  readonly charged: Set<string>;
  /** Positive rows that do not tell what they are: `judge` does, once all rows are in. */
  readonly undecided: UsageRow[];
  /** What was counted as refunds, by currency. */
  readonly refunds: CurrencyAmount[];
  /** By SKU, the price of its newest charge. */
  readonly prices: Map<string, RowPrice>;
  readonly drift: DriftLog;
}

export function createUsageAggregator(range: Range): UsageAggregator {
  return {
    range,
    skus: new Map(),
    open: new Map(),
    current: undefined,
    newest: range.start,
    charges: [],
    charged: new Set(),
    undecided: [],
    refunds: [],
    prices: new Map(),
    drift: new DriftLog(MAX_DRIFT),
  };
}

/** Counts a row that lies within the range. */
export function count(tally: UsageAggregator, row: UsageRow): void {
  const minute = minuteOf(tally, row.at);
  const sums = minute.bySku.get(row.sku) ?? openSku(minute, skuOf(tally, row.sku));
  const { sku } = sums;
  if (isPurchase(sku, row)) topUp(tally, minute, row);
  else if (isGrant(sku, row)) grant(tally, row);
  else if (row.amount <= 0n) charge(tally, sums, row);
  else if (isRefund(sku, row)) refund(tally, sums, row);
  else tally.undecided.push(row);
}

/** Money that was paid in, or went back. */
function isPurchase({ kind, name }: Sku, { amount, requestId }: UsageRow): boolean {
  if (kind === 'purchase') return true;
  return kind === 'refund' && amount < 0n && requestId === undefined && isPurchaseBack(name);
}

/** By its name. A negative row is a charge unless it surely takes credits back. */
function isGrant({ kind, name }: Sku, { amount, requestId }: UsageRow): boolean {
  return kind === 'grant' && (amount > 0n || (requestId === undefined && isGrantBack(name)));
}

/** A positive row is one by the shape of its SKU, its request, its name or its notes; else the charges tell, once all rows are in. */
function isRefund({ kind }: Sku, { requestId, notes }: UsageRow): boolean {
  return kind !== 'unknown' || requestId !== undefined || creditIn(notes) === 'refund';
}

function charge(tally: UsageAggregator, sums: SkuSums, row: UsageRow): void {
  addTo(sums.costs, row.currency, -row.amount);
  noteIfNew(tally, sums.sku);
  // What is charged after all is no usage.
  if (sums.sku.kind === 'refund' && row.requestId === undefined) return;
  sums.units += row.units;
  countRequest(sums.requests, row.requestId);
  if (row.price !== undefined && row.at >= sums.pricedAt) {
    sums.price = row.price;
    sums.pricedAt = row.at;
  }
  if (sums.sku.kind === 'unknown') tally.charged.add(row.sku);
}

/**
 * Money comes back; what was consumed stays consumed. A refund's units are those of the charge it undoes, or say nothing at all:
 * they lower the count only where they are negative.
 */
export function refund(tally: UsageAggregator, sums: SkuSums, row: UsageRow): void {
  addTo(tally.refunds, row.currency.toUpperCase(), row.amount);
  addTo(sums.costs, row.currency, -row.amount);
  if (row.units < 0n) sums.units += row.units;
  noteIfNew(tally, sums.sku);
}

/** Told once a reading, so that somebody finds out what the SKU is. */
function noteIfNew(tally: UsageAggregator, { name, kind }: Sku): void {
  if (kind !== 'tokens' && kind !== 'units') tally.drift.add('unknown_value', `SKU ${name}`);
}

/** Credits that were given, or that expire: neither bought nor spent. The balance has them. */
export function grant(tally: UsageAggregator, { sku }: UsageRow): void {
  tally.drift.add('unknown_value', `credits granted as ${sku}`);
}

/** A negative purchase is one taken back, and not spend. */
export function topUp(tally: UsageAggregator, minute: MinuteSums, row: UsageRow): void {
  if (row.amount < 0n) tally.drift.add('unknown_value', `negative amount of ${row.sku}`);
  addTo(minute.topUps, row.currency, row.amount);
}

/** What a SKU's name says, read once for all of its rows. */
export function skuOf(tally: UsageAggregator, name: string): Sku {
  const known = tally.skus.get(name);
  if (known) return known;
  const sku = parseSku(name);
  tally.skus.set(name, sku);
  if (sku.odd) tally.drift.add('unknown_value', `unit of ${name}`);
  return sku;
}

function minuteOf(tally: UsageAggregator, at: Instant): MinuteSums {
  const start = floorTo(MINUTE, at);
  if (tally.current?.at === start) return tally.current;
  tally.current = tally.open.get(start) ?? opened(tally, start);
  return tally.current;
}

function opened(tally: UsageAggregator, start: Instant): MinuteSums {
  if (start < tally.newest - ORDER_SLACK_MS)
    tally.drift.add('unordered_row', 'rows are not in order of time');
  tally.newest = Math.max(tally.newest, start);
  closeBefore(tally, tally.newest - ORDER_SLACK_MS);
  const minute = emptyMinute(start);
  tally.open.set(start, minute);
  return minute;
}

/** How many charges it has, with everything else that may become many counted by its state. */
export function keptBy({ charges, skus, open, undecided, refunds }: UsageAggregator): number {
  const counted = charges.length + SKU_WEIGHT * skus.size + undecided.length + refunds.length;
  return [...open.values()].reduce((sum, minute) => sum + entriesOf(minute), counted);
}

/** Turns the minutes before `at` into charges. */
export function closeBefore(tally: UsageAggregator, at: Instant): void {
  for (const [start, minute] of tally.open) {
    if (start >= at) continue;
    tally.open.delete(start);
    keepPrices(tally, minute);
    keepLines(tally, minute);
  }
}

/** Adds the charges of a minute. */
export function keepLines(tally: UsageAggregator, minute: MinuteSums): void {
  for (const charge of chargesOf(minute)) {
    tally.charges.push(charge);
    if (isMoney(charge) && !CURRENCIES.has(charge.detail))
      tally.drift.add('unknown_value', `currency ${charge.detail}`);
  }
}

function keepPrices({ prices }: UsageAggregator, { bySku }: MinuteSums): void {
  for (const [sku, { price, pricedAt }] of bySku) {
    if (price !== undefined && pricedAt >= (prices.get(sku)?.at ?? pricedAt))
      prices.set(sku, { at: pricedAt, price });
  }
}

function isMoney({ measure }: Charge): boolean {
  return measure === 'cost' || measure === 'top_ups';
}
