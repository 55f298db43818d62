import type { Charge } from '../../../core/statement/statement.ts';
import type { Fixed } from '../../../core/values/money.ts';
import { floorTo, type Instant, MINUTE, type Range } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import type { UsageRow } from './rows.ts';
import { creditIn, isGrantBack, isPurchaseBack, parseSku, type Sku } from './sku.ts';
import { addTo, type CurrencyAmount, countRequest, MinuteSums, SKU_WEIGHT, type SkuSums } from './sums.ts';

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
export interface RowPrice {
  readonly at: Instant;
  readonly price: Fixed;
}

/** What the rows of a range come to, taken one by one. Of rows, only what the open minutes need is kept. */
export class UsageAggregator {
  readonly range: Range;
  /** Of closed minutes. */
  readonly charges: Charge[] = [];
  /** SKUs of no known shape that were charged. */
  readonly charged = new Set<string>();
  /** Positive rows that do not tell what they are: `classifyCredits` does, once all rows are in. */
  readonly undecided: UsageRow[] = [];
  /** What was counted as refunds, by currency. */
  readonly refunds: CurrencyAmount[] = [];
  /** By SKU, the price of its newest charge. */
  readonly prices = new Map<string, RowPrice>();
  readonly drift = new DriftLog(MAX_DRIFT);
  readonly #skus = new Map<string, Sku>();
  readonly #open = new Map<Instant, MinuteSums>();
  #current: MinuteSums | undefined;
  #newest: Instant;

  constructor(range: Range) {
    this.range = range;
    this.#newest = range.start;
  }

  /** Counts a row that lies within the range. */
  count(row: UsageRow): void {
    const minute = this.#minuteOf(row.at);
    const sums = minute.bySku.get(row.sku) ?? minute.open(this.#skuOf(row.sku));
    const { sku } = sums;
    if (isPurchase(sku, row)) this.#topUp(minute, row);
    else if (isGrant(sku, row)) this.#grant(row);
    else if (row.amount <= 0n) this.#charge(sums, row);
    else if (isRefund(sku, row)) this.#refund(sums, row);
    else this.undecided.push(row);
  }

  /** Counts a row that was undecided. */
  countAs(kind: 'refund' | 'grant' | 'top-up', row: UsageRow): void {
    const minute = new MinuteSums(floorTo(MINUTE, row.at));
    if (kind === 'refund') this.#refund(minute.open(this.#skuOf(row.sku)), row);
    else if (kind === 'grant') this.#grant(row);
    else {
      this.drift.add('unknown_value', `positive amount of ${row.sku}`);
      this.#topUp(minute, row);
    }
    this.#keepCharges(minute);
  }

  /** How many charges it has, with everything else that may become many counted by its memory. */
  retainedEntries(): number {
    const counted =
      this.charges.length + SKU_WEIGHT * this.#skus.size + this.undecided.length + this.refunds.length;
    return [...this.#open.values()].reduce((sum, minute) => sum + minute.entries(), counted);
  }

  /** Turns the minutes before `at` into charges. */
  closeBefore(at: Instant): void {
    for (const [start, minute] of this.#open) {
      if (start >= at) continue;
      this.#open.delete(start);
      this.#keepPrices(minute);
      this.#keepCharges(minute);
    }
  }

  #charge(sums: SkuSums, row: UsageRow): void {
    addTo(sums.costs, row.currency, -row.amount);
    this.#noteIfNew(sums.sku);
    // What is charged after all is no usage.
    if (sums.sku.kind === 'refund' && row.requestId === undefined) return;
    sums.units += row.units;
    countRequest(sums.requests, row.requestId);
    if (row.price !== undefined && row.at >= sums.pricedAt) {
      sums.price = row.price;
      sums.pricedAt = row.at;
    }
    if (sums.sku.kind === 'unknown') this.charged.add(row.sku);
  }

  /**
   * Money comes back; what was consumed stays consumed. A refund's units are those of the charge it undoes, or say nothing at all:
   * they lower the count only if they are negative.
   */
  #refund(sums: SkuSums, row: UsageRow): void {
    addTo(this.refunds, row.currency.toUpperCase(), row.amount);
    addTo(sums.costs, row.currency, -row.amount);
    if (row.units < 0n) sums.units += row.units;
    this.#noteIfNew(sums.sku);
  }

  /** Noted once per reading, so that somebody finds out what the SKU is. */
  #noteIfNew({ name, kind }: Sku): void {
    if (kind !== 'tokens' && kind !== 'units') this.drift.add('unknown_value', `SKU ${name}`);
  }

  /** Credits that were given, or that expire: neither bought nor spent. The balance has them. */
  #grant({ sku }: UsageRow): void {
    this.drift.add('unknown_value', `credits granted as ${sku}`);
  }

  /** A negative purchase is one taken back, and not spend. */
  #topUp(minute: MinuteSums, row: UsageRow): void {
    if (row.amount < 0n) this.drift.add('unknown_value', `negative amount of ${row.sku}`);
    addTo(minute.topUps, row.currency, row.amount);
  }

  /** What a SKU's name says, read once for all of its rows. */
  #skuOf(name: string): Sku {
    const known = this.#skus.get(name);
    if (known) return known;
    const sku = parseSku(name);
    this.#skus.set(name, sku);
    if (sku.odd) this.drift.add('unknown_value', `unit of ${name}`);
    return sku;
  }

  #minuteOf(at: Instant): MinuteSums {
    const start = floorTo(MINUTE, at);
    if (this.#current?.at === start) return this.#current;
    this.#current = this.#open.get(start) ?? this.#opened(start);
    return this.#current;
  }

  #opened(start: Instant): MinuteSums {
    if (start < this.#newest - ORDER_SLACK_MS)
      this.drift.add('unordered_row', 'rows are not in order of time');
    this.#newest = Math.max(this.#newest, start);
    this.closeBefore(this.#newest - ORDER_SLACK_MS);
    const minute = new MinuteSums(start);
    this.#open.set(start, minute);
    return minute;
  }

  #keepCharges(minute: MinuteSums): void {
    for (const charge of minute.charges()) {
      this.charges.push(charge);
      const isMoney = charge.measure === 'cost' || charge.measure === 'top_ups';
      if (isMoney) this.drift.addUnknown(charge.detail, CURRENCIES, 'currency');
    }
  }

  #keepPrices({ bySku }: MinuteSums): void {
    for (const [sku, { price, pricedAt }] of bySku) {
      if (price !== undefined && pricedAt >= (this.prices.get(sku)?.at ?? pricedAt))
        this.prices.set(sku, { at: pricedAt, price });
    }
  }
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
