import type { Charge } from '../../../core/statement/statement.ts';
import type { Fixed } from '../../../core/values/money.ts';
import { floorTo, type Instant, MINUTE, type Range } from '../../../core/values/time.ts';
import { DriftLog } from '../../api/drift-log.ts';
import type { UsageRow } from './rows.ts';
import { creditIn, isGrantBack, isPurchaseBack, parseSku, type Sku } from './sku.ts';
import { addTo, type CurrencySums, countRequest, MinuteSums, SKU_WEIGHT, type SkuSums } from './sums.ts';

/**
 * Rows come in order of time. A minute stays open until rows are this much later, so that a row slightly out of order still
 * finds the requests of its minute. One that comes later yet is counted in full, but if its request was counted before, as another.
 */
const ORDER_SLACK_MS = 2 * MINUTE;
/**
 * Nobody pays dollars for what is staked, comes with a plan or is earned. DIEM is one dollar of compute, VCU, its predecessor, a
 * tenth of one: https://docs.venice.ai/overview/about-venice
 */
export const VIRTUAL_CURRENCIES = {
  DIEM: { usd: '1', refills: true },
  VCU: { usd: '0.1', refills: true },
  BUNDLED_CREDITS: { usd: '1' },
  EARNED_CREDITS: { usd: '1' },
};
/** The currencies that are documented. */
export const CURRENCIES: ReadonlySet<string> = new Set(['USD', ...Object.keys(VIRTUAL_CURRENCIES)]);
/** Enough to see what is going on. */
const MAX_DRIFT = 50;

/** What is known beyond the rows of the range. */
export interface Knowledge {
  /** Whether a SKU was ever charged in what was read before. */
  wasCharged(sku: string): boolean;
  /** Whether days that are still unread may tell. */
  mayWait(): boolean;
}

type RowKind = 'charge' | 'refund' | 'grant' | 'top-up';

/** What the rows of a range come to, taken one by one. Of rows, only what the open minutes need is kept. */
export class UsageAggregator {
  readonly range: Range;
  /** Of closed minutes. */
  readonly charges: Charge[] = [];
  /** What was counted as refunds, by currency. */
  readonly refunds: CurrencySums = new Map();
  /** By SKU: when it was last charged, and the price of that in US dollars per unit. */
  readonly prices = new Map<string, [at: Instant, price: Fixed]>();
  readonly drift = new DriftLog(MAX_DRIFT);
  /** SKUs of no known shape that were charged. */
  readonly #charged = new Set<string>();
  /** Positive rows that do not tell what they are until all rows are in. */
  readonly #undecided: UsageRow[] = [];
  readonly #skus = new Map<string, Sku>();
  readonly #open = new Map<Instant, MinuteSums>();
  #newest: Instant;

  constructor(range: Range) {
    this.range = range;
    this.#newest = range.start;
  }

  /** Counts a row that lies within the range. */
  count(row: UsageRow): void {
    const start = floorTo(MINUTE, row.at);
    const minute = this.#open.get(start) ?? this.#openMinute(start);
    const sums = minute.bySku.get(row.sku) ?? minute.open(this.#skuOf(row.sku));
    const kind = kindOf(sums.sku, row);
    if (kind) this.#add(kind, row, minute, sums);
    else this.#undecided.push(row);
  }

  /** How many charges it has, with everything else that may become many counted by its memory. */
  retainedEntries(): number {
    const counted =
      this.charges.length + SKU_WEIGHT * this.#skus.size + this.#undecided.length + this.refunds.size;
    return [...this.#open.values()].reduce((sum, minute) => sum + minute.entries(), counted);
  }

  /**
   * Counts the undecided rows once all others are counted: a refund if the SKU was ever charged, before or after, in this reading or
   * an earlier one; else a grant if the notes or the currency say so; else a top-up. Returns from where on the range can be believed:
   * what may still turn out to be the other, and all before it, is left out.
   */
  finish({ wasCharged, mayWait }: Knowledge): Instant {
    this.#closeBefore(Number.POSITIVE_INFINITY);
    let from = this.range.start;
    for (const row of this.#undecided) {
      const start = floorTo(MINUTE, row.at);
      const isRefund = this.#charged.has(row.sku) || wasCharged(row.sku);
      if (!isRefund && mayWait()) {
        from = Math.max(from, start + MINUTE);
        continue;
      }
      const minute = new MinuteSums(start);
      this.#add(isRefund ? 'refund' : creditKindOf(row), row, minute, minute.open(this.#skuOf(row.sku)));
      this.#keepCharges(minute);
    }
    return from;
  }

  #add(kind: RowKind, row: UsageRow, minute: MinuteSums, sums: SkuSums): void {
    if (kind === 'top-up') this.#topUp(minute, sums.sku, row);
    // Given, or expired: neither bought nor spent. The balance has them.
    else if (kind === 'grant') this.drift.add('unknown_value', `credits granted as ${row.sku}`);
    else {
      addTo(sums.costs, row.currency, -row.amount);
      if (sums.sku.kind !== 'tokens' && sums.sku.kind !== 'units')
        this.drift.add('unknown_value', `SKU ${row.sku}`);
      if (kind === 'charge') this.#charge(sums, row);
      else this.#refund(sums, row);
    }
  }

  #charge(sums: SkuSums, row: UsageRow): void {
    // What is charged after all is no usage.
    if (sums.sku.kind === 'refund' && row.requestId === undefined) return;
    sums.units += row.units;
    countRequest(sums.requests, row.requestId);
    if (row.price !== undefined && row.at >= (this.prices.get(row.sku)?.[0] ?? row.at))
      this.prices.set(row.sku, [row.at, row.price]);
    if (sums.sku.kind === 'unknown') this.#charged.add(row.sku);
  }

  /**
   * Money comes back; what was consumed stays consumed. A refund's units are those of the charge it undoes, or say nothing at all:
   * they lower the count only if they are negative.
   */
  #refund(sums: SkuSums, row: UsageRow): void {
    addTo(this.refunds, row.currency.toUpperCase(), row.amount);
    if (row.units < 0n) sums.units += row.units;
  }

  /** A negative purchase is one taken back, and not spend. */
  #topUp(minute: MinuteSums, { kind }: Sku, { sku, currency, amount }: UsageRow): void {
    const sign = amount < 0n ? 'negative' : 'positive';
    if (amount < 0n || kind === 'unknown') this.drift.add('unknown_value', `${sign} amount of ${sku}`);
    addTo(minute.topUps, currency, amount);
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

  #openMinute(start: Instant): MinuteSums {
    if (start < this.#newest - ORDER_SLACK_MS)
      this.drift.add('unordered_row', 'rows are not in order of time');
    this.#newest = Math.max(this.#newest, start);
    this.#closeBefore(this.#newest - ORDER_SLACK_MS);
    const minute = new MinuteSums(start);
    this.#open.set(start, minute);
    return minute;
  }

  /** Turns the minutes before `at` into charges. */
  #closeBefore(at: Instant): void {
    for (const [start, minute] of this.#open) {
      if (start >= at) continue;
      this.#open.delete(start);
      this.#keepCharges(minute);
    }
  }

  #keepCharges(minute: MinuteSums): void {
    for (const charge of minute.charges()) {
      this.charges.push(charge);
      const isMoney = charge.measure === 'cost' || charge.measure === 'top_ups';
      if (isMoney) this.drift.addUnknown(charge.detail, CURRENCIES, 'currency');
    }
  }
}

/**
 * What a row is by its SKU, its request and its notes; undefined of a positive row where only the charges tell, once all rows are
 * in. A negative row is a charge unless it surely takes back what was paid in or given.
 */
function kindOf({ kind, name }: Sku, { amount, requestId, notes }: UsageRow): RowKind | undefined {
  const isOwn = requestId === undefined;
  if (kind === 'purchase') return 'top-up';
  if (kind === 'refund' && amount < 0n && isOwn && isPurchaseBack(name)) return 'top-up';
  if (kind === 'grant' && (amount > 0n || (isOwn && isGrantBack(name)))) return 'grant';
  if (amount <= 0n) return 'charge';
  return kind !== 'unknown' || !isOwn || creditIn(notes) === 'refund' ? 'refund' : undefined;
}

/** What a positive row is whose SKU was never charged. */
function creditKindOf({ notes, currency }: UsageRow): RowKind {
  const isGrant = creditIn(notes) === 'grant' || Object.hasOwn(VIRTUAL_CURRENCIES, currency.toUpperCase());
  return isGrant ? 'grant' : 'top-up';
}
